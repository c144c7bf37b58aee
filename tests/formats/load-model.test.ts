/** What `loadModel` makes of a file, and what it refuses: files by hand, as a reader gives them. */
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../src/inference.js';
import { relaxed } from '../../src/relaxed.js';
import type { CallDescription, LayerDescription, ModelFile, TensorReference } from '../../src/formats/topology.js';

const from = (layer: string, call = 0, output = 0): TensorReference => ({ layer, call, output });

const callOn = (...inputs: TensorReference[]): CallDescription => ({ inputs, initialState: [] });

const input: LayerDescription = { kind: 'input', name: 'x', options: { batchShape: [null, 2] }, calls: [] };

const dense = (name: string, units: number, ...calls: CallDescription[]): LayerDescription => ({
  kind: 'dense',
  name,
  options: { units, useBias: false },
  calls,
});

const weight = (layer: string, shape: number[], ...values: number[]) => ({
  name: `${layer}/kernel`,
  shape,
  data: Float32Array.from(values),
});

const fileOf = (
  layers: readonly LayerDescription[],
  outputs: readonly TensorReference[],
  weights: ModelFile['weights'] = [],
): ModelFile => ({ topology: { name: 'net', layers, inputs: [from('x')], outputs }, weights });

describe('a shared layer', () => {
  /** d(c(shared(x))) and shared(z(x)): the call of `shared` that comes first in the file can be made last. */
  const layers = [
    input,
    dense('shared', 2, callOn(from('z')), callOn(from('x'))),
    dense('c', 2, callOn(from('shared', 1))),
    dense('z', 2, callOn(from('x'))),
    dense('d', 1, callOn(from('c'))),
  ];
  const weights = [
    weight('shared', [2, 2], 1, 2, 3, 4),
    weight('c', [2, 2], 1, 0, 0, 1),
    weight('z', [2, 2], 10, 0, 0, 10),
    weight('d', [2, 1], 1, 1),
  ];

  test('keeps the numbers that the file gives its calls', () => {
    const model = loadModel(fileOf(layers, [from('d'), from('shared', 0)], weights));
    // What the TensorFlow.js model gave that was saved with this topology.
    expect(model.predictAll([[1, 1]]).map(({ data }) => [...data])).toEqual([[10], [40, 60]]);
  });

  test('is the same in whatever order the layers are listed', () => {
    for (const listed of permutations(layers)) {
      const model = loadModel(fileOf(listed, [from('d'), from('shared', 0)], weights));
      const results = model.predictAll([[1, 1]]).map(({ data }) => [...data]);
      expect(results, listed.map(({ name }) => name).join(', ')).toEqual([[10], [40, 60]]);
    }
  });
});

describe('a graph that is not whole', () => {
  test('a layer that needs itself is named', () => {
    const ring = [input, dense('a', 1, callOn(from('b'))), dense('b', 1, callOn(from('a')))];
    expect(() => loadModel(fileOf(ring, [from('b')]))).toThrow(
      'net: output 0 of call 0 of "a" is not in the file, or depends on itself (a cycle)',
    );
  });

  test.each([
    ['an input', [input, dense('a', 1, callOn(from('nobody')))], from('a'), 'output 0 of call 0 of "nobody"'],
    ['a call', [input, dense('a', 2, callOn(from('x')))], from('a', 1), 'output 0 of call 1 of "a"'],
    ['an output', [input, dense('a', 2, callOn(from('x')))], from('a', 0, 1), 'output 1 of call 0 of "a"'],
  ])('%s that is not in the file is named', (_, layers, output, expected) => {
    expect(() => loadModel(fileOf(layers, [output]))).toThrow(`net: ${expected} is not in the file`);
  });

  test('two layers of one name are refused', () => {
    const twins = [input, dense('a', 1, callOn(from('x'))), dense('a', 1, callOn(from('x')))];
    expect(() => loadModel(fileOf(twins, [from('a')]))).toThrow('net: two layers are called "a"');
  });
});

describe('weights', () => {
  const layers = [input, dense('a', 1, callOn(from('x')))];
  const [right, other, stranger] = [weight('a', [2, 1], 1, 1), weight('a', [2, 1], 2, 2), weight('b', [2, 1], 1, 1)];

  test.each([
    ['two of one name are', [right, other], 'net: the file has "a/kernel" twice, or no layer has that weight'],
    ['one that no layer has is', [right, stranger], 'net: the file has "b/kernel" twice, or no layer has that weight'],
    ['a missing one is', [stranger], 'net: the file has no weight "a/kernel"'],
  ])('%s refused by name', (_, weights, expected) => {
    expect(() => loadModel(fileOf(layers, [from('a')], weights))).toThrow(expected);
  });
});

describe('what is no file', () => {
  const { topology } = fileOf([input, dense('a', 1, callOn(from('x')))], [from('a')]);
  const [first, second] = topology.layers;
  const change = (changes: object) => ({ topology: { ...topology, ...changes }, weights: [] });
  const changeSecond = (changes: object) => change({ layers: [first, { ...second, ...changes }] });

  test.each<[string, unknown, string | RegExp]>([
    ['undefined', undefined, 'loadModel: expected an object of options, got undefined'],
    ['null', null, 'loadModel: expected an object of options, got null'],
    ['an empty object', {}, 'loadModel: topology: expected an object of options, got undefined'],
    ['model.json itself', { modelTopology: {} }, 'loadModel: unknown option "modelTopology"; known: topology, weights'],
    ['a file without weights', { topology }, 'loadModel: weights: expected an array, got undefined'],
    ['a weight that is none', { topology, weights: [null] }, 'weights[0]: expected an object of options, got null'],
    ['a weight without a name', { topology, weights: [{}] }, 'weights[0]: name: expected a non-empty string'],
    ['a graph without a name', change({ name: 7 }), 'topology: name: expected a non-empty string, got 7'],
    ['a graph without layers', change({ layers: undefined }), 'topology: layers: expected an array, got undefined'],
    ['no layers', change({ layers: [], inputs: [], outputs: [] }), 'net: expected at least one output, got none'],
    ['an input that is not in the file', change({ inputs: [from('y')] }), 'net: output 0 of call 0 of "y" is not in'],
    ['a layer that is none', change({ layers: [null] }), 'layers[0]: expected an object of options, got null'],
    ['a layer without calls', changeSecond({ calls: undefined }), 'layers[1]: calls: expected an array'],
    [
      'a layer of no kind',
      changeSecond({ kind: 'toString' }),
      /layers\[1\]: kind: expected one of .*'lstm', .*'toString'$/,
    ],
    [
      'a layer without options',
      changeSecond({ options: undefined }),
      'layers[1]: options: expected an object, got undefined',
    ],
    [
      'a layer whose options are none',
      changeSecond({ options: null }),
      'layers[1]: options: expected an object, got null',
    ],
    [
      'a layer whose options are true',
      changeSecond({ options: true }),
      'layers[1]: options: expected an object, got true',
    ],
    ['a call number that is none', change({ outputs: [from('a', -1)] }), 'outputs[0]: call: expected a non-negative'],
  ])('%s is refused: field, what was expected, what came', (_, file, expected) => {
    expect(() => loadModel(file as ModelFile)).toThrow(expected);
  });
});

test('kernels other than those of the workspace are refused', () => {
  const file = fileOf([input, dense('a', 1, callOn(from('x')))], [from('a')], [weight('a', [2, 1], 1, 1)]);
  const workspace = loadModel(file);
  expect(loadModel(file, { workspace }).predict([[1, 1]]).data).toEqual(Float32Array.of(2));
  expect(() => loadModel(file, { workspace, kernels: relaxed })).toThrow('net: kernels: ');
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}
