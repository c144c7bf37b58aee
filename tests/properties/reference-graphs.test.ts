/** Random graphs of all layers against the float64 reference, forward and backward. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  functional,
  tensor as tensorFrom,
  type Layer,
  type Session,
  type Tensor as PlainTensor,
  type TrainableModel,
} from '../../src/index.js';
import { relaxed } from '../../src/relaxed.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { sizeOf, tensor, toTensor, type Tensor, type Tensors } from '../reference/tensor.js';
import { buildGraph, drawnGraph, kinds, type ReferenceGraph } from './reference-graphs.js';
import { chunkLengths, cuts, expectSameBits, stepsOf } from './runs.js';
import { settings } from './settings.js';

/** Float32 against float64 through up to eight layers, of the largest value of a tensor, or of these where all are less. */
const limits = { outputs: 5e-4, gradients: 5e-3 };

test('graphs of all layers give the reference’s outputs and gradients', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(drawnGraph, (drawn) => {
      const graph = buildGraph(drawn);
      const model = functional({ inputs: graph.inputs, outputs: graph.outputs });
      setWeights(model, graph);
      const outputs = model.predictAll([...graph.given]);
      expect(outputs.map(({ shape }) => shape)).toEqual(graph.expected.map(({ shape }) => shape));
      expect(relativeError(outputs.map(toTensor), graph.expected, 1e-2), 'outputs').toBeLessThan(limits.outputs);

      const random = createRandom(drawn.seed + 1);
      const cotangents = graph.expected.map(({ shape }) => tensor(shape, random.normals(sizeOf(shape))));
      const expected = graph.backward(cotangents);
      const gradients = model.gradients([...graph.given], cotangents);
      const all = [...expected.inputs, ...expected.weights.flat()].flatMap(({ data }) => [...data].map(Math.abs));
      // Where slopes cancel (behind a normalization), what is left of them is as exact as what cancelled.
      const floor = Math.max(0.1, ...all) / 10;
      expect(relativeError(gradients.inputs.map(toTensor), expected.inputs, floor), 'inputs').toBeLessThan(
        limits.gradients,
      );
      const ours = gradientsByLayer(model, graph, gradients.weights.map(toTensor));
      ours.forEach((own, i) => {
        expect(relativeError(own, expected.weights[i].slice(0, own.length), floor), 'weights').toBeLessThan(
          limits.gradients,
        );
      });
      for (const { layer } of graph.layers)
        seen.set(layer.definition.className, (seen.get(layer.definition.className) ?? 0) + 1);
    }),
    settings(400),
  );
  // Every kind came up often; the two Concatenates are one class.
  expect(seen.size).toBe(kinds.length - 1);
  for (const [name, count] of seen) expect(count, name).toBeGreaterThan(5);
});

describe.each([
  ['deterministic', {}],
  ['relaxed', { kernels: relaxed }],
] as const)('%s kernels, to the bit', (_, build) => {
  test('any batch split gives the same rows; what streams gives them in any chunks', () => {
    const streamed = new Set<string>();
    fc.assert(
      fc.property(drawnGraph, chunkLengths, (drawn, lengths) => {
        const graph = buildGraph(drawn);
        const model = functional({ ...build, inputs: graph.inputs, outputs: graph.outputs });
        setWeights(model, graph);
        const given = graph.given.map(({ data, shape }): Plain => ({
          data: Float32Array.from(data),
          shape: [...shape],
        }));
        const whole = model.predictAll(given);

        const split = drawn.seed % (drawn.batch + 1);
        const parts = [
          [0, split],
          [split, drawn.batch],
        ].flatMap(([from, to]) =>
          from < to ? [model.predictAll(given.map((tensor) => rowsOf(tensor, from, to)))] : [],
        );
        expectSameBits(
          whole.map((_tensor, i) => Float32Array.from(parts.flatMap((outputs) => [...outputs[i].data]))),
          whole,
        );

        const pushes = pushed(graph, given, drawn.time);
        if (pushes === null) return;
        const session = sessionOf(model, drawn.batch, pushes.fixed);
        if (session === null) return;
        const chunks = inChunks(model, session, cuts(drawn.time, lengths), pushes.steps, drawn.seed);
        // The last rows of these come with the end of a sequence, and a stream has none.
        const isOpen = graph.layers.some(({ layer: { definition } }) =>
          ['Conv1DTranspose', 'ZeroPadding1D'].includes(definition.className),
        );
        whole.forEach((tensor, i) => {
          const parts = chunks.map((outputs) => outputs[i]);
          // What stands behind a layer that collapses time is there as of the last step.
          const isLast = typeof graph.outputs[i].time !== 'object' || graph.outputs[i].time === null;
          if (isLast && isOpen) return;
          const ours = isLast ? (parts.at(-1)?.data ?? new Float32Array()) : joined(parts, drawn.batch);
          const steps = ours.length / (drawn.batch * tensor.shape[2]);
          expectSameBits([ours], [isLast ? tensor : firstSteps(tensor, steps)]);
        });
        for (const { layer } of graph.layers) streamed.add(layer.definition.className);
      }),
      settings(500),
    );
    // Others stand behind a fixed input or the end of a sequence only.
    expect(streaming.filter((className) => !streamed.has(className))).toEqual([]);
  });
});

/** Layers that look at no later step, or at none where their options say so. */
const streaming = [
  ...['Activation', 'Add', 'Average', 'AveragePooling1D', 'BatchNormalization', 'Concatenate', 'Conv1D'],
  ...['Conv1DTranspose', 'Cropping1D', 'Dense', 'DepthwiseConv1D', 'Dropout', 'ELU', 'GRU'],
  ...['GaussianNoise', 'GlobalAveragePooling1D', 'GlobalMaxPooling1D', 'LSTM', 'LayerNormalization', 'LeakyReLU'],
  ...['Masking', 'MaxPooling1D', 'Maximum', 'Minimum', 'Multiply', 'Normalization', 'PReLU'],
  ...['SeparableConv1D', 'SimpleRNN', 'Softmax', 'SpatialDropout1D', 'Subtract', 'TimeDistributed'],
  ...['UpSampling1D', 'ZeroPadding1D'],
].sort();

/** What is pushed of the inputs with time, for steps from … to − 1, and what is fixed; null: they are not equally long. */
function pushed(
  graph: ReferenceGraph,
  given: readonly Plain[],
  time: number,
): { steps: (from: number, to: number) => Plain[]; fixed: Plain[] } | null {
  const [moving, fixed]: [Plain[], Plain[]] = [[], []];
  given.forEach((tensor, i) => (graph.inputs[i].time === null ? fixed : moving).push(tensor));
  if (moving.some(({ shape }) => shape[1] !== time)) return null;
  const steps = (from: number, to: number): Plain[] =>
    moving.map(({ data, shape }) => {
      const part = stepsOf({ data, shape: [shape[0], shape[1], shape[2] ?? 1] }, from, to);
      return { data: part.data, shape: part.shape.slice(0, shape.length) };
    });
  return { steps, fixed };
}

/** null: a layer looks ahead. */
function sessionOf(model: TrainableModel, batch: number, fixed: Plain[]): Session | null {
  try {
    return model.stream({ batch, ...(fixed.length > 0 && { fixed }) });
  } catch (error) {
    expect(String(error)).toMatch(/whole sequence|different steps|does not depend|collapse|an input with a time axis/);
    return null;
  }
}

/** Pushes chunk after chunk, forks, saves and resumes in between, and steps together with others: all give the same bits. */
function inChunks(
  model: TrainableModel,
  first: Session,
  chunks: readonly (readonly [number, number])[],
  stepsIn: (from: number, to: number) => Plain[],
  seed: number,
): PlainTensor[][] {
  let session = first;
  const go = (next: Session): void => {
    session.close();
    session = next;
  };
  const random = createRandom(seed + 2);
  const outputs = chunks.map(([from, to]) => {
    if (random.chance(0.2)) go(session.fork());
    if (random.chance(0.2)) go(model.stream({ state: session.save() }));
    const x = stepsIn(from, to);
    if (random.chance(0.7)) return session.pushAll(x);
    const twin = session.fork();
    const twice = x.map(({ data, shape }) => ({
      data: new Float32Array([...data, ...data]),
      shape: [2 * shape[0], ...shape.slice(1)],
    }));
    const [mine, its] = model.push([session, twin], twice) as unknown as (PlainTensor | PlainTensor[])[];
    expect(twin.save()).toEqual(session.save());
    twin.close();
    const [ours, theirs] = [[mine].flat(), [its].flat()];
    expectSameBits(
      theirs.map(({ data }) => data),
      ours,
    );
    return ours;
  });
  session.close();
  return outputs;
}

/** What pushes gave, as one sequence. */
function joined(parts: readonly PlainTensor[], batch: number): Float32Array {
  const rows = Array.from({ length: batch }, (_row, b) =>
    parts.flatMap(({ data }) => [...data.subarray((b * data.length) / batch, ((b + 1) * data.length) / batch)]),
  );
  return Float32Array.from(rows.flat());
}

/** What a stream gives of a sequence: not the steps that only its end makes. */
function firstSteps(whole: PlainTensor, steps: number): PlainTensor {
  const { data, shape } = stepsOf(whole, 0, steps);
  return tensorFrom(data, shape);
}

/** The leaves of a layer, in the order of its weights. */
const leavesOf = (layer: Layer): readonly Layer[] => layer.leaves;

function setWeights(model: TrainableModel, { layers }: ReferenceGraph): void {
  const byLeaf = new Map<Layer, Tensor[]>();
  for (const { layer, weights } of layers) {
    let used = 0;
    for (const leaf of leavesOf(layer)) {
      const count = leaf.weights.specs.length;
      byLeaf.set(leaf, weights.slice(used, used + count));
      used += count;
    }
    expect(used, layer.title).toBe(weights.length);
  }
  model.setWeights(model.graph.leaves.flatMap((leaf) => byLeaf.get(leaf) ?? []));
}

function gradientsByLayer(model: TrainableModel, { layers }: ReferenceGraph, gradients: Tensors): Tensor[][] {
  const byLeaf = new Map<Layer, Tensors>();
  let used = 0;
  for (const leaf of model.graph.leaves) {
    const count = leaf.weights.specs.filter(({ trainable }) => trainable !== false).length;
    byLeaf.set(leaf, gradients.slice(used, used + count));
    used += count;
  }
  return layers.map(({ layer }) => leavesOf(layer).flatMap((leaf) => byLeaf.get(leaf) ?? []));
}
