import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { loadModel as loadTrainable, optimizers } from '../../src/index.js';
import { loadModel } from '../../src/inference.js';
import { assertGolden, layerCases, loadLayerCase } from '../golden-data.js';
import { handMade, handMadeLstm, lstmLayer, lstmWeights, readHandMade, sequentialConfig } from './hand-made.js';

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
    expect(() => loadModel({ ...file, weights })).toThrow(/kernel: expected shape/);
  });

  test('a missing weight is named', () => {
    const file = readTfjs(text, weightBytes);
    expect(() => loadModel({ ...file, weights: file.weights.slice(1) })).toThrow(/the file has no weight ".*kernel"/);
  });

  test('regularizers are not dropped in silence', () => {
    const regularized = changed(/"kernel_regularizer":null/, '"kernel_regularizer":{"class_name":"L1L2"}');
    expect(() => readTfjs(regularized, weightBytes)).toThrow('kernel_regularizer: config: expected an object');
  });
});

describe('names of weights', () => {
  const chain = sequentialConfig([lstmLayer()]);
  const [kernel, recurrentKernel, bias] = lstmWeights;
  const renamed = (rename: (name: string) => string) =>
    handMade(
      'Sequential',
      chain,
      lstmWeights.map((weight) => ({ ...weight, name: rename(weight.name) })),
    );
  const expected = readHandMade(handMadeLstm());

  test('of files converted from Keras, which name the cell too, are those of the layer', () => {
    const file = readHandMade(renamed((name) => name.replace('lstm/', 'lstm/lstm_cell/')));
    expect(file).toEqual(expected);
    expect(loadModel(file).predict([[[1]]]).shape).toEqual([1, 1]);
  });

  test('of files converted from Keras 3, which name the chain too, are those of the layer', () => {
    const file = readHandMade(renamed((name) => name.replace('lstm/', 'chain/lstm/lstm_cell/')));
    expect(file).toEqual(expected);
  });

  test('are left alone where a layer has the longer name', () => {
    const layers = [lstmLayer({ name: 'lstm/lstm_cell' })];
    const weights = lstmWeights.map((weight) => ({ ...weight, name: weight.name.replace('lstm/', 'lstm/lstm_cell/') }));
    const file = readHandMade(handMade('Sequential', sequentialConfig(layers), weights));
    expect(file.weights.map(({ name }) => name)).toEqual(
      ['kernel', 'recurrentKernel', 'bias'].map((name) => `lstm/lstm_cell/${name}`),
    );
  });

  test('that no layer has are refused when the model is built', () => {
    const file = readHandMade(renamed((name) => name.replace('lstm/', 'gru/gru_cell/')));
    expect(() => loadModel(file)).toThrow('chain: the file has no weight "lstm/kernel"');
  });

  test('that stand twice are refused', () => {
    const twice = handMade('Sequential', chain, [kernel, recurrentKernel, bias, kernel]);
    expect(() => readHandMade(twice)).toThrow('model.json: lstm/kernel: there are two weights for "lstm/kernel"');
    const both = [kernel, recurrentKernel, bias, { ...kernel, name: 'lstm/cell/kernel' }];
    expect(() => readHandMade(handMade('Sequential', chain, both))).toThrow(
      'model.json: lstm/cell/kernel: there are two weights for "lstm/kernel"',
    );
  });
});

describe("an optimizer's state, saved with the model", () => {
  const { modelJson, weightBytes } = handMadeLstm();
  const manifest = (...optimizer: object[]) => {
    const [{ weights }] = modelJson.weightsManifest;
    return { ...modelJson, weightsManifest: [{ weights: [...weights, ...optimizer] }] };
  };
  const iteration = { name: 'iter', shape: [], dtype: 'int32', group: 'optimizer' };
  const moment = { name: 'lstm/kernel/m', shape: [1, 4], dtype: 'float32', group: 'optimizer' };

  test('is passed over', () => {
    const file = readTfjs(manifest(iteration, moment), [weightBytes, new Uint8Array(4 + 16)]);
    expect(file).toEqual(readTfjs(modelJson, weightBytes));
  });

  test('must be whole', () => {
    expect(() => readTfjs(manifest(iteration, moment), [weightBytes, new Uint8Array(4)])).toThrow(
      'weights: lstm/kernel/m: expected 16 bytes from 52 on, the file ends at 52',
    );
  });

  test('has numbers of four bytes; those of a layer are float32', () => {
    expect(() => readTfjs(manifest({ ...iteration, dtype: 'bool' }), weightBytes)).toThrow(
      "model.json: iter: dtype: expected one of 'float32', 'int32', got 'bool'",
    );
    expect(() => readTfjs(manifest({ ...iteration, group: undefined }), weightBytes)).toThrow(
      "model.json: iter: dtype: expected one of 'float32', got 'int32'",
    );
  });
});

describe('forms of a chain', () => {
  const expected = readHandMade(handMadeLstm()).topology;
  const input = (config: object) => ({ class_name: 'InputLayer', config: { name: 'x', ...config } });
  const alone = lstmLayer({ batch_input_shape: undefined });
  const read = (config: unknown) => readHandMade(handMade('Sequential', config, lstmWeights)).topology;

  test('its layers alone, without a name', () => {
    expect(read([lstmLayer()])).toEqual({ ...expected, name: 'sequential' });
  });

  test.each(['batch_input_shape', 'batch_shape'])('an input layer first, with a %s', (field) => {
    const topology = read(sequentialConfig([input({ [field]: [null, null, 1] }), alone]));
    const [first, second] = expected.layers;
    const start = { layer: 'x', call: 0, output: 0 };
    expect(topology).toEqual({
      ...expected,
      layers: [
        { ...first, name: 'x' },
        { ...second, calls: [{ inputs: [start], initialState: [] }] },
      ],
      inputs: [start],
    });
  });

  test('a first layer with a batch_shape', () => {
    expect(read(sequentialConfig([lstmLayer({ batch_input_shape: undefined, batch_shape: [null, null, 1] })]))).toEqual(
      expected,
    );
  });

  test.each<[string, unknown, string]>([
    ['without any shape', [alone], 'lstm_input: batch_input_shape: expected an array, got undefined'],
    ['with an input that has none', [input({}), alone], 'x: batch_input_shape: expected an array, got undefined'],
    [
      'with an input behind',
      [lstmLayer(), input({ batch_shape: [null, 1] })],
      'x: expected an InputLayer to come first, got one behind other layers',
    ],
  ])('%s is refused', (_, layers, message) => {
    expect(() => read(layers)).toThrow(`model.json: ${message}`);
  });
});

test('an input of a graph that is called is refused', () => {
  const x = { class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, 1] }, inbound_nodes: [[['x', 0, 0]]] };
  const config = { name: 'graph', layers: [x], input_layers: [['x', 0, 0]], output_layers: [['x', 0, 0]] };
  expect(() => readHandMade(handMade('Model', config))).toThrow(
    'x: inbound_nodes: expected none, since it is an input',
  );
});

describe('what is no file', () => {
  const { modelJson, weightBytes } = handMadeLstm();
  const topology = (changes: object) => ({ ...modelJson, modelTopology: changes });
  const chain = (layers: unknown) => topology({ class_name: 'Sequential', config: { name: 'chain', layers } });
  const graph = (changes: object) =>
    topology({
      class_name: 'Functional',
      config: { name: 'graph', layers: [], input_layers: [['x', 0, 0]], output_layers: [['x', 0, 0]], ...changes },
    });

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'model.json: expected an object, got undefined'],
    ['an array', [], 'model.json: expected an object, got []'],
    ['bytes', new Uint8Array(4), 'model.json: expected an object, got a value of type Uint8Array'],
    ['an empty object', {}, 'model.json: modelTopology: expected an object, got undefined'],
    ["TensorFlow's own graph", { format: 'graph-model' }, "format: expected one of 'layers-model', got 'graph-model'"],
    ['a topology without class', topology({}), "class_name: expected one of 'Sequential', 'Functional', 'Model', got"],
    ['a topology of another class', topology({ class_name: 'toString' }), "class_name: expected one of 'Sequential'"],
    ['a topology without config', topology({ class_name: 'Model' }), 'model.json: config: expected an object, got und'],
    ['a config without layers', chain(undefined), 'model.json: layers: expected an array, got undefined'],
    ['a chain of no layers', chain([]), 'model.json: layers: expected at least one, got none'],
    ['a layer that is none', chain([5]), 'model.json: layers[0]: expected an object, got 5'],
    ['a layer without class', chain([{}]), 'model.json: layers[0]: class_name: expected a string, got undefined'],
    ['a layer without config', chain([{ class_name: 'LSTM' }]), 'model.json: LSTM: config: expected an object'],
    ['an unknown layer without config', chain([{ class_name: 'A' }]), 'model.json: A: config: expected an object'],
    ['a layer of a class that every object has', chain([named('toString')]), 'does not know: toString ("name")'],
    [
      'a graph without inputs',
      graph({ input_layers: [] }),
      'model.json: input_layers: expected at least one, got none',
    ],
    ['a graph without outputs', graph({ output_layers: {} }), 'model.json: output_layers: expected an array, got {}'],
    ['a reference that is none', graph({ output_layers: ['x'] }), "output_layers: expected an array, got 'x'"],
    [
      'a weight that is none',
      { ...modelJson, weightsManifest: [{ weights: [5] }] },
      'weightsManifest[0]: weights[0]: exp',
    ],
    ['a file without weights', { ...modelJson, weightsManifest: undefined }, 'weightsManifest: expected an array, got'],
  ])('%s is refused: field, what was expected, what came', (_, json, expected) => {
    expect(() => readTfjs(json, weightBytes)).toThrow(expected);
  });

  const any = 'weights: expected an ArrayBuffer, a Uint8Array or an array of them, got ';
  const one = 'weights[1]: expected an ArrayBuffer or a Uint8Array, got ';

  test.each<[string, unknown, string]>([
    ['undefined', undefined, `${any}undefined`],
    ['a number', 48, `${any}48`],
    ['text', 'AAAA', `${any}a string`],
    ['a view of other numbers', new Float32Array(12), `${any}a value of type Float32Array`],
    ['a DataView', new DataView(new ArrayBuffer(48)), `${any}a value of type DataView`],
    ['shared memory', new SharedArrayBuffer(48), `${any}a value of type SharedArrayBuffer`],
    ['an array with a length in it', [weightBytes, 48], `${one}48`],
    ['an array with other numbers in it', [weightBytes, new Int8Array(4)], `${one}a value of type Int8Array`],
  ])('%s instead of weights is refused', (_, bytes, expected) => {
    expect(() => readTfjs(modelJson, bytes as Uint8Array)).toThrow(expected);
  });

  test('bytes of another context are bytes', () => {
    const bytes = runInNewContext('new Uint8Array(values)', { values: [...weightBytes] }) as Uint8Array;
    expect(bytes).not.toBeInstanceOf(Uint8Array);
    expect(readTfjs(modelJson, bytes)).toEqual(readTfjs(modelJson, weightBytes));
    expect(readTfjs(modelJson, bytes.buffer as ArrayBuffer)).toEqual(readTfjs(modelJson, weightBytes));
  });
});

function named(className: string): object {
  return { class_name: className, config: { name: 'name' } };
}

test('dropout inside a recurrent layer is read, and drops in training', () => {
  const golden = loadLayerCase('dropout-inference');
  const { modelJson, weightBytes } = golden.readModelFile();
  const model = loadTrainable(readTfjs(modelJson, weightBytes));
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse' });
  const [x, y] = [golden.read('input.0'), golden.read('output.0')];
  expect(model.evaluate(x, y).loss).toBeLessThan(1e-9);
  expect(model.trainOnBatch(x, y).loss).toBeGreaterThan(1e-4);
});
