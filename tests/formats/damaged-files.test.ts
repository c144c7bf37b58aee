/** Files whose header, topology or training says something else than what was written: a clear error, or a model that works. */
import { expect, test } from 'vitest';
import { functional, input, layers, loadModel, optimizers, sequential, type TrainableModel } from '../../src/index.js';
import { loadModel as loadForInference, type Model } from '../../src/inference.js';
import { createRandom } from '../random.js';

const draw = createRandom(41);
const below = (n: number): number => Math.floor(draw.uniform(0, 1) * n);
const oneOf = <T>(items: readonly T[]): T => items[below(items.length)];

/** Models in models, layers of one's own, shared layers, masks, states, what is random, regularizers, and options of most kinds. */
function graph(): TrainableModel {
  const [start, state] = [input({ shape: [null, 3], name: 'x' }), input({ shape: [2], name: 'state' })];
  const inner = sequential({
    name: 'inner',
    layers: [
      layers.conv1d({ filters: 3, kernelSize: 2, dilationRate: 2, padding: 'causal', inputShape: [null, 3] }),
      layers.batchNormalization(),
      layers.leakyReLU({ negativeSlope: 0.1 }),
    ],
  });
  const own = layers.custom({
    layers: { gate: layers.dense({ units: 3, activation: 'sigmoid', kernelRegularizer: 'l2' }) },
    call: ([tensor], { gate }) =>
      layers.multiply().apply([tensor, layers.dropout({ rate: 0.2 }).apply(gate.apply(tensor))]),
  });
  const hidden = own.apply(inner.asLayer().call(own.apply(layers.masking().apply(start))).outputs);
  const steps = layers.gru({ units: 2, returnSequences: true }).apply(hidden, { initialState: state });
  const both = layers.bidirectional({ layer: layers.lstm({ units: 2, kernelConstraint: 'nonNeg' }) }).apply(steps);
  const scaled = layers.normalization({ mean: [0, 1, 2], variance: 1 }).apply(start);
  const pooled = layers.globalMaxPooling1d().apply(layers.upSampling1d({ size: 2 }).apply(scaled));
  const model = functional({
    inputs: [start, state],
    outputs: layers.dense({ units: 1 }).apply(layers.concatenate().apply([both, pooled])),
  });
  model.compile({ optimizer: optimizers.adam({ clipNorm: 1 }), loss: 'mse', metrics: ['mae'] });
  return model;
}

const given = [
  { data: draw.normals(2 * 4 * 3), shape: [2, 4, 3] },
  { data: draw.normals(4), shape: [2, 2] },
];

function trainedGraph(): TrainableModel {
  const model = graph();
  model.trainOnBatch(given, [[1], [2]]);
  return model;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

interface Parts {
  header: Record<string, Json>;
  data: Uint8Array;
}

function takeApart(bytes: Uint8Array): Parts {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Parts['header'];
  return { header, data: bytes.slice(8 + length) };
}

function putTogether({ header, data }: Parts): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const nonsense: readonly Json[] = [
  null, true, false, -1, 0, 1, 0.5, 3, 1e9, 4e9, 1e300, 2 ** 53, '', 'x', 'dense', 'input', '1', [], [0], [null, 1e9, 1e9], {}, { kind: 'lstm' },
  { layer: 'x', call: 0, output: 0 },
]; // prettier-ignore

/** Changes one place of a JSON value, or some: another value, one that lacks, one that is there twice, two that change places. */
function damage(root: Json): Json {
  const places: [Json[] | Record<string, Json>, string][] = [];
  const visit = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      places.push([value, name]);
      visit(inner);
    }
  };
  const changed = structuredClone(root);
  visit(changed);
  for (let n = oneOf([1, 1, 1, 2, 5]); n > 0; n--) {
    const [[holder, name], [otherHolder, other]] = [oneOf(places), oneOf(places)];
    const values = holder as Record<string, Json>;
    switch (below(6)) {
      case 0:
        values[name] = oneOf(nonsense);
        break;
      case 1:
        if (Array.isArray(holder)) holder.splice(Number(name), 1);
        else Reflect.deleteProperty(holder, name);
        break;
      case 2:
        if (Array.isArray(holder)) holder.push(structuredClone(values[name]));
        else values[`${name}${oneOf(['', '2', '_1', '@1'])}`] = structuredClone(values[name]);
        break;
      case 3:
        values[name] = structuredClone((otherHolder as Record<string, Json>)[other]);
        break;
      case 4:
        if (typeof values[name] === 'number') values[name] += oneOf([1, -1, 4, 1e6, 1e12, 0.5]);
        break;
      default:
        if (typeof values[name] === 'string') values[name] = values[name].slice(0, below(values[name].length + 1));
    }
  }
  return changed;
}

function mutate({ header, data }: Parts): Parts {
  const metadata = header.__metadata__ as Record<string, string>;
  const which = oneOf(['topology', 'topology', 'topology', 'training', 'compile', 'tensors', 'metadata']);
  if (which === 'tensors') return { header: damage(header) as Parts['header'], data };
  if (which === 'metadata') return { header: { ...header, __metadata__: damage(metadata) }, data };
  if (metadata[which] === undefined) return { header, data };
  const damaged = JSON.stringify(damage(JSON.parse(metadata[which]) as Json));
  return { header: { ...header, __metadata__: { ...metadata, [which]: damaged } }, data };
}

/** What the engine says when something was not checked, and what WebAssembly says when it traps. */
const raw =
  /undefined|is not a function|is not iterable|not a constructor|Cannot |unreachable|out of bounds|Invalid (array|typed array) length|Maximum call|not an object/;

function expectClear(error: unknown, what: string): void {
  expect(error, what).toBeInstanceOf(Error);
  const { message, stack } = error as Error;
  if (/got undefined$|: undefined/.test(message)) return;
  expect(message, `${what}: ${stack ?? ''}`).not.toMatch(raw);
  expect(message.length, what).toBeGreaterThan(10);
}

test('4,000 files that say something else: a clear error, or a model that predicts or says why not', () => {
  const files = [trainedGraph().toSafetensors({ optimizer: true }), graph().toSafetensors()].map(takeApart);
  const memory = process.memoryUsage().rss;
  let [read, slowest] = [0, 0];
  for (let i = 0; i < 4_000; i++) {
    const bytes = putTogether(mutate(oneOf(files)));
    const started = performance.now();
    let model: Model | undefined;
    try {
      model = i % 2 === 0 ? loadModel(bytes) : loadForInference(bytes);
      read++;
    } catch (error) {
      expectClear(error, `loading of file ${i}`);
    }
    try {
      model?.predictAll(given);
    } catch (error) {
      expectClear(error, `prediction of file ${i}`);
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  expect(read).toBeGreaterThan(500);
  // Milliseconds, and bytes: what a file claims is not what it gets.
  expect(slowest).toBeLessThan(5_000);
  expect(process.memoryUsage().rss - memory).toBeLessThan(500e6);
});
