/** Models as .safetensors files: what is read back is what was saved, and what is damaged is said to be. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { functional, input, layers, loadModel, optimizers, sequential } from '../../src/index.js';
import { loadModel as loadForInference, modelLoader } from '../../src/inference.js';
import * as makers from '../../src/layers/index.js';
import type { Plain } from '../numbers.js';
import { buildGraph, drawnGraph } from '../properties/reference-graphs.js';
import { expectSameBits } from '../properties/runs.js';
import { settings } from '../properties/settings.js';
import { createRandom } from '../random.js';

const folder = mkdtempSync(join(tmpdir(), 'bucle-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const random = createRandom(17);
const x = { data: random.normals(8 * 6 * 2), shape: [8, 6, 2] };
const y = { data: random.normals(8), shape: [8, 1] };

function trained() {
  const model = sequential({
    name: 'forecast',
    layers: [
      layers.lstm({ units: 5, dropout: 0.2, kernelRegularizer: 'l2', inputShape: [null, 2] }),
      layers.batchNormalization(),
      layers.dense({ units: 1, kernelConstraint: 'nonNeg' }),
    ],
  });
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['mae'] });
  return model;
}

test('modelLoader knows the layers that it was given', () => {
  const model = trained();
  const { lstm, dense, batchNormalization } = makers;
  const load = modelLoader({ lstm, dense, batchNormalization });
  expect(load(model.toSafetensors()).predict(x).data).toEqual(model.predict(x).data);
  expect(() => modelLoader({ lstm, dense })(model.toSafetensors())).toThrow(
    "loadModel: topology: layers[2]: kind: expected one of 'input', 'model', 'shared', 'lstm', 'dense', got 'batchNormalization'",
  );
  expect(() => modelLoader({ lstm: 5 })).toThrow('modelLoader: lstm: expected a function of bucle/layers, got 5');
});

test('any graph of all layers comes back: the same bits, in both entry points, and the same bytes again', () => {
  fc.assert(
    fc.property(drawnGraph, (drawn) => {
      const graph = buildGraph(drawn);
      const model = functional({ inputs: graph.inputs, outputs: graph.outputs });
      const given = graph.given.map(({ data, shape }): Plain => ({ data: Float32Array.from(data), shape: [...shape] }));
      const expected = model.predictAll(given);
      const bytes = model.toSafetensors();
      const again = loadModel(bytes);
      expectSameBits(
        again.predictAll(given).map(({ data }) => data),
        expected,
      );
      expectSameBits(
        loadForInference(bytes)
          .predictAll(given)
          .map(({ data }) => data),
        expected,
      );
      expect(again.toSafetensors()).toEqual(bytes);
      expect(again.summary(() => undefined)).toBe(model.summary(() => undefined));
    }),
    settings(150),
  );
});

test('trainable flags, regularizers, constraints and initializers come back', () => {
  const model = trained();
  model.layers[1].trainable = false;
  const again = loadModel(model.toSafetensors());
  expect(again.layers.map(({ trainable }) => trainable)).toEqual(model.layers.map(({ trainable }) => trainable));
  for (const one of [model, again]) one.compile({ optimizer: 'sgd', loss: 'mse' });
  for (let step = 0; step < 3; step++) expect(again.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
});

test('models inside of models and layers of one’s own come back', () => {
  const inner = sequential({
    name: 'inner',
    layers: [layers.dense({ units: 3, activation: 'tanh', inputShape: [null, 2] })],
  });
  const own = layers.custom({
    name: 'own',
    layers: { gate: layers.dense({ units: 3, activation: 'sigmoid' }) },
    call: ([a], { gate }) => layers.multiply().apply([a, gate.apply(a)]),
  });
  const [a, mask] = [input({ shape: [null, 2] }), input({ shape: [null], dtype: 'bool' })];
  const shared = layers.gru({ units: 3, returnSequences: true });
  const hidden = own.apply(inner.apply(a));
  const twice = layers.bidirectional({ layer: layers.lstm({ units: 2 }) }).apply(shared.apply(hidden, { mask }));
  const model = functional({ inputs: [a, mask], outputs: [twice, shared.apply(hidden)] });
  const again = loadModel(model.toSafetensors());
  const given = [
    { data: random.normals(2 * 5 * 2), shape: [2, 5, 2] },
    [[1, 1, 0, 1, 0], [0, 1, 1, 1, 1]], // prettier-ignore
  ];
  expect(again.predictAll(given)).toEqual(
    model.predictAll(given).map((tensor) => expect.objectContaining({ data: tensor.data }) as unknown),
  );
  expect(again.layers.map(({ title }) => title)).toEqual(model.layers.map(({ title }) => title));
});

test('the file is what the format says: read by hand', () => {
  const model = trained();
  const bytes = model.toSafetensors();
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  expect(length % 8).toBe(0);
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  expect(names.slice(0, 3)).toEqual(['lstm/kernel', 'lstm/recurrentKernel', 'lstm/bias']);
  let end = 0;
  names.forEach((name, i) => {
    const { dtype, shape, data_offsets: [from, to] } = header[name]; // prettier-ignore
    const weight = model.getWeights()[i];
    expect([dtype, shape, from]).toEqual(['F32', [...weight.shape], end]);
    expect(new Float32Array(bytes.slice(8 + length + from, 8 + length + to).buffer)).toEqual(weight.data);
    end = to;
  });
  expect(8 + length + end).toBe(bytes.length);
});

test('with its optimizer a model trains on as if it had never been saved', async () => {
  for (const optimizer of ['sgd', 'adam', 'rmsprop', 'adagrad', optimizers.sgd({ momentum: 0.9 })] as const) {
    const model = trained();
    model.compile({ optimizer, loss: 'mse', metrics: ['mae'] });
    await model.fit(x, y, { epochs: 2, batchSize: 3, verbose: 0 });
    model.trainOnBatch(x, y);
    const again = loadModel(model.toSafetensors({ optimizer: true }));
    for (let step = 0; step < 10; step++) expect(again.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
    const histories = await Promise.all(
      [again, model].map((one) => one.fit(x, y, { epochs: 2, batchSize: 3, verbose: 0 })),
    );
    expect(histories[0]).toEqual(histories[1]);
    expect(again.toSafetensors({ optimizer: true })).toEqual(model.toSafetensors({ optimizer: true }));
    expect(loadForInference(again.toSafetensors({ optimizer: true })).predict(x).data).toEqual(model.predict(x).data);
  }
});

describe('where there is a file system', () => {
  test('save writes through a temporary file; a write that fails leaves the old one', async () => {
    const [model, path] = [trained(), join(folder, 'deep', 'model.safetensors')];
    await model.save(path);
    expect(new Uint8Array(readFileSync(path))).toEqual(model.toSafetensors());
    await model.save(path, { optimizer: true });
    expect(loadModel(new Uint8Array(readFileSync(path))).evaluate(x, y)).toEqual(model.evaluate(x, y));
    expect(readdirSync(join(folder, 'deep'))).toEqual(['model.safetensors']);
    writeFileSync(join(folder, 'file'), '');
    await expect(model.save(join(folder, 'file', 'model.safetensors'))).rejects.toThrow();
    await expect(model.save(folder)).rejects.toThrow();
    expect(readdirSync(folder).sort()).toEqual(['deep', 'file']);
  });
});

test('what no file can hold is said by name', () => {
  const model = trained();
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  expect(() => model.toSafetensors({ optimizer: 1 as never })).toThrow(
    'toSafetensors: optimizer: expected true or false',
  );
  const untrained = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
  expect(() => untrained.toSafetensors({ optimizer: true })).toThrow('call compile({ optimizer, loss }) first');
});

test('10,000 mutations of real files: a clear error or the right answer', { timeout: 60_000 }, () => {
  const model = trained();
  const small = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
  const files = [model.toSafetensors({ optimizer: true }), model.toSafetensors(), small.toSafetensors()];
  const draw = createRandom(23);
  const at = (length: number): number => Math.floor(draw.uniform(0, 1) * length);
  const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
  const swaps: readonly (readonly [RegExp, string])[] = [
    [/F32/, 'F16'],
    [/F32/, 'I64'],
    [/"data_offsets":\[0/, '"data_offsets":[4'],
    [/"version":"1"/, '"version":"2"'],
    [/"version":"1"/, '"version":"x"'],
    [/"format":"bucle"/, '"format":"other"'],
    [/"shape":\[/, '"shape":[-1,'],
    [/"shape":\[/, '"shape":[1e9,'],
    [/\\"units\\":\d/, '\\\\"units\\\\":7'],
    [/\\"kind\\":\\"\w+/, '\\\\"kind\\\\":\\\\"nonsense'],
    [/\\"calls\\"/, '\\\\"cells\\\\"'],
    [/\\"epoch\\":\d/, '\\\\"epoch\\\\":-1'],
  ];
  let readable = 0;
  for (let i = 0; i < 10_000; i++) {
    let bytes = files[i % 3].slice();
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    switch (i % 5) {
      case 0:
        bytes = bytes.slice(0, at(bytes.length));
        break;
      case 1:
        bytes[at(Math.min(bytes.length, 12 + length))] ^= 1 << at(8);
        break;
      case 2:
        for (let n = 0; n < 8; n++) bytes[8 + at(length)] = at(256);
        break;
      case 3:
        new DataView(bytes.buffer).setUint32(at(2) * 4, at(0x100000000), true);
        break;
      default: {
        const [pattern, by] = swaps[at(swaps.length)];
        const header = text(bytes.subarray(8, 8 + length)).replace(pattern, by);
        const changed = Uint8Array.from({ length: header.length }, (_, n) => header.charCodeAt(n));
        const out = new Uint8Array(8 + changed.length + bytes.length - 8 - length);
        new DataView(out.buffer).setUint32(0, changed.length, true);
        out.set(changed, 8);
        out.set(bytes.subarray(8 + length), 8 + changed.length);
        bytes = out;
      }
    }
    for (const load of i % 10 === 0 ? [loadModel, loadForInference] : [i % 2 === 0 ? loadModel : loadForInference]) {
      try {
        load(bytes);
        readable++;
      } catch (error) {
        // Ours name what was expected; nothing comes from the engine, and nothing runs out of bounds.
        const { message } = error as Error;
        expect(message, `mutation ${i}`).not.toMatch(
          /undefined is not|Cannot read|is not a function|is not iterable|unreachable|out of bounds|Invalid array length|Maximum call/,
        );
        expect(message.length, `mutation ${i}`).toBeGreaterThan(10);
      }
    }
  }
  // Bits of the weights may flip, and names of training be lost: these files are good.
  expect(readable).toBeGreaterThan(100);
  expect(readable).toBeLessThan(5_000);
});

describe('a file of somebody’s making', () => {
  const model = sequential({ name: 'net', layers: [layers.dense({ units: 2, name: 'd', inputShape: [3] })] });
  const bytes = model.toSafetensors();
  const start = 8 + new DataView(bytes.buffer).getUint32(0, true);
  type Header = Record<string, Record<string, unknown>>;
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Header;

  function fileOf(changes: object, data = bytes.subarray(start), json = JSON.stringify({ ...header, ...changes })) {
    const text = new TextEncoder().encode(json);
    const file = new Uint8Array(8 + text.length + data.length);
    new DataView(file.buffer).setUint32(0, text.length, true);
    file.set(text, 8);
    file.set(data, 8 + text.length);
    return file;
  }

  const entry = (shape: number[], from: number, to: number) => ({ dtype: 'F32', shape, data_offsets: [from, to] });
  const metadata = (changes: object) => fileOf({ __metadata__: { ...header.__metadata__, ...changes } });

  test('may have its tensors in another order, spaces behind its header, and lie anywhere in memory', () => {
    const { __metadata__, ...tensors } = header;
    const again = `{${Object.entries({ ...tensors, __metadata__ })
      .map(([name, value]) => `${JSON.stringify(name)} : ${JSON.stringify(value)}`)
      .reverse()
      .join()}}   `;
    const file = fileOf({}, bytes.subarray(start), again);
    const somewhere = new Uint8Array(file.length + 3);
    somewhere.set(file, 3);
    for (const given of [file, file.buffer, somewhere.subarray(3), Buffer.from(file)]) {
      expect(loadModel(given).getWeights()[0].data).toEqual(model.getWeights()[0].data);
    }
  });

  test.each<[string, () => Uint8Array, string]>([
    ['no bytes', () => new Uint8Array(), 'loadModel: expected a header within 0 bytes'],
    ['an end in the header', () => bytes.slice(0, start - 1), 'loadModel: expected a header within'],
    [
      'a header of 2⁶³ bytes',
      () => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, ...bytes.slice(8)),
      'got one of 9223372036854776000',
    ],
    [
      'a header that is no UTF-8',
      () => bytes.map((byte, i) => (i === 12 ? 0xff : byte)),
      'loadModel: header: expected an object as JSON',
    ],
    ['a header that is an array', () => fileOf({}, undefined, '[]'), 'loadModel: header: expected an object as JSON'],
    [
      'an end in the values',
      () => bytes.slice(0, -1),
      'loadModel: d/bias: data_offsets: expected 24,32 of 31, got [24,32]',
    ],
    ['more bytes than values', () => fileOf({}, new Uint8Array(40)), 'loadModel: expected 32 bytes of values, got 40'],
    [
      'other values',
      () => fileOf({ 'd/bias': { ...header['d/bias'], dtype: 'BF16' } }),
      "loadModel: d/bias: dtype: expected one of 'F32', got 'BF16'",
    ],
    [
      'tensors that overlap',
      () => fileOf({ 'd/bias': entry([2], 16, 24) }),
      'loadModel: d/bias: data_offsets: expected 24,32 of 32, got [16,24]',
    ],
    [
      'a gap',
      () => fileOf({ 'd/bias': entry([2], 28, 36) }, new Uint8Array(36)),
      'loadModel: d/bias: data_offsets: expected 24,32 of 36, got [28,36]',
    ],
    ['a shape that is another', () => fileOf({ 'd/bias': entry([3], 24, 32) }), 'expected 24,36 of 32, got [24,32]'],
    [
      'a shape that no memory holds',
      () => fileOf({ 'd/bias': entry([1e9, 1e9], 24, 32) }),
      'loadModel: d/bias: data_offsets: expected',
    ],
    [
      'one name for two tensors',
      () => fileOf({}, undefined, JSON.stringify(header).replace('d/bias', 'd/kernel')),
      'loadModel: d/kernel: data_offsets: expected 0,8 of 32',
    ],
    [
      'a weight of another shape',
      () => fileOf({ 'd/kernel': entry([2, 3], 0, 24) }),
      'net: d/kernel: expected shape [3, 2], got [2, 3]',
    ],
    ['metadata that is no text', () => metadata({ version: 1 }), 'loadModel: __metadata__: expected text by name'],
    [
      'another program’s file',
      () => fileOf({ __metadata__: { format: 'pt' } }),
      "loadModel: format: expected 'bucle', got 'pt'",
    ],
    ['no metadata', () => fileOf({ __metadata__: undefined }), "loadModel: format: expected 'bucle', got undefined"],
    ['a later version', () => metadata({ version: '2' }), "loadModel: version: expected a file of version 1, got '2'"],
    [
      'a topology that is no JSON',
      () => metadata({ topology: '{' }),
      'loadModel: topology: expected an object as JSON',
    ],
  ])('%s is refused', (_, make, expected) => {
    for (const load of [loadModel, loadForInference]) expect(() => load(make())).toThrow(expected);
  });
});
