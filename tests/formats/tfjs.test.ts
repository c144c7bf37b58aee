import { describe, expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { loadModel as loadTrainable } from '../../src/index.js';
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

  test('regularizers are not dropped in silence', () => {
    const regularized = changed(/"kernel_regularizer":null/, '"kernel_regularizer":{"class_name":"L1L2"}');
    expect(() => readTfjs(regularized, weightBytes)).toThrow('kernel_regularizer: expected none');
  });
});

test('dropout inside a recurrent layer is read, and refused when the model is to be trained', () => {
  const { modelJson, weightBytes } = loadLayerCase('dropout-inference').readModelFile();
  const model = loadTrainable(readTfjs(modelJson, weightBytes));
  expect(() => {
    model.compile({ optimizer: 'sgd', loss: 'mse' });
  }).toThrow(/lstm_LSTM26: dropout and recurrentDropout inside a recurrent layer cannot be trained yet/);
});
