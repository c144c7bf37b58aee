/** Small TensorFlow.js files by hand, to be changed field by field. */
import { readTfjs } from '../../src/convert.js';
import type { ModelFile } from '../../src/formats/topology.js';

export interface HandMadeLayer {
  readonly name?: string;
  readonly class_name: string;
  readonly config: Record<string, unknown>;
  readonly inbound_nodes?: unknown;
}

export interface HandMadeWeight {
  readonly name: string;
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** Keras's defaults, as its files write them out. */
export function lstmLayer(changes: Record<string, unknown> = {}): HandMadeLayer {
  const config = {
    name: 'lstm',
    trainable: true,
    batch_input_shape: [null, null, 1],
    dtype: 'float32',
    return_sequences: false,
    return_state: false,
    go_backwards: false,
    stateful: false,
    unroll: false,
    time_major: false,
    units: 1,
    activation: 'tanh',
    recurrent_activation: 'sigmoid',
    use_bias: true,
    kernel_initializer: { class_name: 'GlorotUniform', config: { seed: null } },
    recurrent_initializer: { class_name: 'Orthogonal', config: { gain: 1, seed: null } },
    bias_initializer: { class_name: 'Zeros', config: {} },
    unit_forget_bias: true,
    kernel_regularizer: null,
    recurrent_regularizer: null,
    bias_regularizer: null,
    activity_regularizer: null,
    kernel_constraint: null,
    recurrent_constraint: null,
    bias_constraint: null,
    dropout: 0,
    recurrent_dropout: 0,
    implementation: 2,
  };
  return { class_name: 'LSTM', config: { ...config, ...changes } };
}

/** Gates i, f, c, o of one unit. */
export const lstmWeights: readonly HandMadeWeight[] = [
  { name: 'lstm/kernel', shape: [1, 4], values: [0.5, -1, 1.5, 2] },
  { name: 'lstm/recurrent_kernel', shape: [1, 4], values: [-0.5, 1, 0.25, -0.75] },
  { name: 'lstm/bias', shape: [4], values: [0.1, 1, -0.2, 0.3] },
];

export function sequentialConfig(layers: readonly HandMadeLayer[]): Record<string, unknown> {
  return { name: 'chain', layers };
}

/** model.json and the bytes of its one shard. */
export interface HandMadeFile {
  readonly modelJson: {
    readonly format: string;
    readonly modelTopology: Readonly<Record<string, unknown>>;
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly object[] }[];
  };
  readonly weightBytes: Uint8Array;
}

export function handMade(className: string, config: unknown, weights: readonly HandMadeWeight[] = []): HandMadeFile {
  const modelTopology = { class_name: className, config, keras_version: '2.15.0', backend: 'tensorflow' };
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const values = Float32Array.from(weights.flatMap((weight) => weight.values));
  return {
    modelJson: {
      format: 'layers-model',
      modelTopology,
      weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
    },
    weightBytes: new Uint8Array(values.buffer),
  };
}

/** The same file, but from another version of Keras. */
export function fromKeras(version: string, { modelJson, weightBytes }: HandMadeFile): HandMadeFile {
  const modelTopology = { ...modelJson.modelTopology, keras_version: version };
  return { modelJson: { ...modelJson, modelTopology }, weightBytes };
}

export function handMadeLstm(changes: Record<string, unknown> = {}): HandMadeFile {
  return handMade('Sequential', sequentialConfig([lstmLayer(changes)]), lstmWeights);
}

export function readHandMade({ modelJson, weightBytes }: HandMadeFile): ModelFile {
  return readTfjs(modelJson, weightBytes);
}
