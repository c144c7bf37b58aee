import { describe, expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { loadModel as loadTrainable, optimizers } from '../../src/index.js';
import { loadModel } from '../../src/inference.js';
import { assertGolden, layerCases, loadLayerCase } from '../golden-data.js';

/** These files' own library drops the states handed over when it saves; the topology says them all the same. */
describe.each(layerCases)('%s, from its own file', (name) => {
  test('predicts what TensorFlow.js did', () => {
    const golden = loadLayerCase(name);
    const { modelJson, weightBytes } = golden.readModelFile();
    const model = loadModel(readTfjs(modelJson, weightBytes));
    const inputs = golden.readSeries('input');
    const outputs = model.predictAll(inputs.length === 1 ? inputs[0] : inputs);
    golden.readSeries('output').forEach((theirs, i) => {
      assertGolden(`${name} output ${i}`, outputs[i].data, theirs.data, 'output');
    });
  });
});

describe('a file that lies or ends early', () => {
  const { modelJson, weightBytes } = loadLayerCase('lstm-seq').readModelFile();
  const text = typeof modelJson === 'string' ? modelJson : JSON.stringify(modelJson);
  const changed = (from: string | RegExp, to: string): string => {
    const result = text.replace(from, to);
    expect(result).not.toBe(text);
    return result;
  };

  test('weights that end early are refused by name', () => {
    expect(() => readTfjs(text, weightBytes.slice(0, -4))).toThrow(/weights: .*bias: expected \d+ bytes/);
  });

  test('weights that are too many are refused', () => {
    expect(() => readTfjs(text, [weightBytes, new Uint8Array(8)])).toThrow(/weights: expected \d+ bytes, got \d+/);
  });

  test('JSON that ends early is refused', () => {
    expect(() => readTfjs(text.slice(0, 200), weightBytes)).toThrow('expected JSON');
  });

  test('unknown layers are listed all at once, by name', () => {
    const two = changed('"class_name":"LSTM"', '"class_name":"Bogus"').replace(
      '"layers":[',
      '"layers":[{"class_name":"Other","config":{"name":"first"}},',
    );
    expect(() => readTfjs(two, weightBytes)).toThrow(/Other \("first"\), Bogus \("/);
  });

  test('a weight of another shape is refused by the model', () => {
    const file = readTfjs(text, weightBytes);
    const [kernel, ...others] = file.weights;
    const weights = [{ ...kernel, shape: [...kernel.shape].reverse() }, ...others];
    expect(() => loadModel({ ...file, weights })).toThrow(/setWeights: .*kernel: expected shape/);
  });

  test('a missing weight is named', () => {
    const file = readTfjs(text, weightBytes);
    expect(() => loadModel({ ...file, weights: file.weights.slice(1) })).toThrow(/the file has no weight ".*kernel"/);
  });

  test('a cycle is refused, naming the layers in it', () => {
    const call = (layer: string) => ({ inputs: [{ layer, call: 0, output: 0 }], initialState: [] });
    const dense = (name: string, from: string) => ({ kind: 'dense', name, options: { units: 1 }, calls: [call(from)] });
    const input = { kind: 'input', name: 'x', options: { batchShape: [null, 1] }, calls: [] };
    const end = (layer: string) => [{ layer, call: 0, output: 0 }];
    const layers = [input, dense('a', 'b'), dense('b', 'a')];
    const topology = { name: 'ring', layers, inputs: end('x'), outputs: end('b') };
    expect(() => loadModel({ topology, weights: [] })).toThrow(/ring: "a", "b" depend on each other \(a cycle\)/);
  });

  test('regularizers are not dropped in silence', () => {
    const regularized = changed(/"kernel_regularizer":null/, '"kernel_regularizer":{"class_name":"L1L2"}');
    expect(() => readTfjs(regularized, weightBytes)).toThrow('kernel_regularizer: expected none');
  });
});

test('dropout inside a recurrent layer is read, and drops in training', () => {
  const golden = loadLayerCase('dropout-inference');
  const { modelJson, weightBytes } = golden.readModelFile();
  const model = loadTrainable(readTfjs(modelJson, weightBytes));
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse' });
  const [x, y] = [golden.read('input.0'), golden.read('output.0')];
  expect(model.evaluate(x, y).loss).toBeLessThan(1e-9);
  expect(model.trainOnBatch(x, y).loss).toBeGreaterThan(1e-4);
});
