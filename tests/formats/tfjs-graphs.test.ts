/** Random models of TensorFlow.js Layers (tests/golden/tfjs-graphs): read from its files, they predict what it did. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import type { ModelFile } from '../../src/formats/topology.js';
import { loadModel as loadTrainable } from '../../src/index.js';
import { loadModel } from '../../src/inference.js';
import { assertGolden } from '../golden-data.js';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface SavedLayer {
  readonly class_name: string;
  readonly config: { readonly layers?: readonly SavedLayer[]; readonly layer?: SavedLayer };
}

interface Case {
  readonly modelTopology: { readonly class_name: string; readonly config: { readonly layers: readonly SavedLayer[] } };
  readonly weights: readonly unknown[];
  readonly bytes: string;
  readonly input: Numbers;
  readonly output: Numbers;
}

const path = new URL('../golden/tfjs-graphs/graphs.json', import.meta.url);
const cases = JSON.parse(readFileSync(path, 'utf8')) as readonly Case[];

function read({ modelTopology, weights, bytes }: Case): ModelFile {
  return readTfjs({ modelTopology, weightsManifest: [{ paths: [], weights }] }, Buffer.from(bytes, 'base64'));
}

const tensorOf = ({ shape, data }: Numbers) => ({ shape, data: Float32Array.from(data) });

const classesIn = (layers: readonly SavedLayer[]): string[] =>
  layers.flatMap(({ class_name: name, config: { layers: inside = [], layer } }) => [
    name,
    ...classesIn([...inside, ...(layer === undefined ? [] : [layer])]),
  ]);

const named = cases.map((one, i) => ({
  name: `${i}: ${classesIn(one.modelTopology.config.layers).slice(1).join(', ')}`,
  one,
}));

describe('read from its file', () => {
  test.each(named)('$name', ({ one }) => {
    const model = loadModel(read(one));
    const { shape, data } = model.predict(tensorOf(one.input));
    expect(shape).toEqual(one.output.shape);
    assertGolden('output', data, Float32Array.from(one.output.data), 'output');
  });
});

test('every class of layers that TensorFlow.js has for sequences is among them, models inside of models too', () => {
  const all = new Set(cases.flatMap(({ modelTopology }) => classesIn(modelTopology.config.layers)));
  const missing = [
    ...['Activation', 'Add', 'Average', 'AveragePooling1D', 'BatchNormalization', 'Bidirectional', 'Concatenate'],
    ...['Conv1D', 'Dense', 'Dot', 'Dropout', 'ELU', 'Embedding', 'Flatten', 'GaussianNoise', 'GlobalAveragePooling1D'],
    ...['GlobalMaxPooling1D', 'GRU', 'LayerNormalization', 'LeakyReLU', 'LSTM', 'Masking', 'Maximum', 'MaxPooling1D'],
    ...['Minimum', 'Model', 'Multiply', 'Permute', 'PReLU', 'ReLU', 'RepeatVector', 'Reshape', 'Sequential'],
    ...['SimpleRNN', 'Softmax', 'SpatialDropout1D', 'TimeDistributed'],
  ].filter((name) => !all.has(name));
  expect(missing).toEqual([]);
});

test('saved in a file of our own, each is the same model', () => {
  for (const one of cases) {
    const model = loadTrainable(read(one));
    const { data } = loadModel(model.toSafetensors()).predict(tensorOf(one.input));
    expect(data).toEqual(loadModel(read(one)).predict(tensorOf(one.input)).data);
  }
});
