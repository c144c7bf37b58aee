import { SymbolicTensor, type Layer } from '../graph/layer.js';
import type { KernelBuild } from '../kernels/build.js';
import { activation } from '../layers/activation.js';
import { averagePooling1d } from '../layers/average-pooling1d.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { bidirectional } from '../layers/bidirectional.js';
import { concatenate } from '../layers/concatenate.js';
import { conv1dTranspose } from '../layers/conv1d-transpose.js';
import { conv1d } from '../layers/conv1d.js';
import { cropping1d } from '../layers/cropping1d.js';
import { dense } from '../layers/dense.js';
import { depthwiseConv1d } from '../layers/depthwise-conv1d.js';
import { dot } from '../layers/dot.js';
import { dropout } from '../layers/dropout.js';
import { embedding } from '../layers/embedding.js';
import { gaussianNoise } from '../layers/gaussian-noise.js';
import { globalAveragePooling1d } from '../layers/global-average-pooling1d.js';
import { globalMaxPooling1d } from '../layers/global-max-pooling1d.js';
import { groupNormalization } from '../layers/group-normalization.js';
import { gru } from '../layers/gru.js';
import { input } from '../layers/input.js';
import { layerNormalization } from '../layers/layer-normalization.js';
import { elu, leakyReLU } from '../layers/leaky-relu.js';
import { prelu } from '../layers/prelu.js';
import { softmax } from '../layers/softmax.js';
import { lstm } from '../layers/lstm.js';
import { masking } from '../layers/masking.js';
import { maxPooling1d } from '../layers/max-pooling1d.js';
import { add, average, maximum, minimum, multiplied as multiply, subtract } from '../layers/merging.js';
import { normalization } from '../layers/normalization.js';
import { permute } from '../layers/permute.js';
import { repeatVector } from '../layers/repeat-vector.js';
import { flatten, reshape } from '../layers/reshape.js';
import { separableConv1d } from '../layers/separable-conv1d.js';
import { simpleRNN } from '../layers/simple-rnn.js';
import { spatialDropout1d } from '../layers/spatial-dropout1d.js';
import { timeDistributed } from '../layers/time-distributed.js';
import { upSampling1d } from '../layers/up-sampling1d.js';
import { zeroPadding1d } from '../layers/zero-padding1d.js';
import { assemble, type Assembled, type Making } from '../model/assemble.js';
import { kernelBuild } from '../model/make.js';
import { Model } from '../model/model.js';
import {
  asGiven,
  fields,
  mismatch,
  nonNegativeInteger,
  oneOf,
  optional,
  refuse,
  text,
  type Reader,
} from '../options/options.js';
import { readSafetensors, type Safetensors } from './load-safetensors.js';
import type { ModelFile, NamedWeight, TensorReference, Topology } from './topology.js';

export interface LoadOptions {
  /** Which kernels to run on: the deterministic ones by default. */
  readonly kernels?: KernelBuild;
  /** A model into whose workspace the layers are built, so that both can be parts of one graph. */
  readonly workspace?: Model;
}

const builtModel: Reader<Model> = (value, where) => (value instanceof Model ? value : refuse(where, 'a model', value));

const loadFields = { kernels: optional(kernelBuild, undefined), workspace: optional(builtModel, undefined) };

/** Makes a layer from a file's options; the function itself checks them. */
const makers = {
  activation,
  add,
  average,
  averagePooling1d,
  batchNormalization,
  bidirectional,
  concatenate,
  conv1d,
  conv1dTranspose,
  cropping1d,
  dense,
  depthwiseConv1d,
  dot,
  dropout,
  elu,
  embedding,
  flatten,
  gaussianNoise,
  globalAveragePooling1d,
  globalMaxPooling1d,
  groupNormalization,
  gru,
  input,
  layerNormalization,
  leakyReLU,
  lstm,
  masking,
  maximum,
  maxPooling1d,
  minimum,
  multiply,
  normalization,
  permute,
  prelu,
  repeatVector,
  reshape,
  separableConv1d,
  simpleRNN,
  softmax,
  spatialDropout1d,
  subtract,
  timeDistributed,
  upSampling1d,
  zeroPadding1d,
};

type Kind = keyof typeof makers;

/** A layer inside another, such as Bidirectional's: files have it as kind and options. */
interface Inner {
  readonly kind: Kind;
  readonly options: object;
}

function makeLayer(kind: Kind, given: object): Layer | SymbolicTensor {
  const options: Record<string, unknown> = { ...given };
  for (const name of ['layer', 'backwardLayer']) {
    if (options[name] === undefined) continue;
    const inner: Inner = fields(options[name], name, { kind: kindOf, options: asGiven }) as Inner;
    options[name] = makeLayer(inner.kind, inner.options);
  }
  const make: (options: never) => Layer | SymbolicTensor = makers[kind];
  return make(options as never);
}

const kindOf: Reader<Kind> = (value, where) => oneOf(Object.keys(makers) as Kind[])(value, where);

/** Builds the graph of a file; `setFileWeights` then gives a model made of it the file's weights. */
export function assembleFile(file: ModelFile, making: Making, options: LoadOptions): Assembled {
  const topology = readTopology(file);
  const { name } = topology;
  const { kernels, workspace } = fields(options, `${name}: loadModel`, loadFields);
  const { inputs, outputs } = buildGraph(topology);
  return assemble(name, inputs, outputs, { ...making, wanted: kernels }, workspace?.workspace);
}

/**
 * Gives a model the weights of a file, by path.
 * @throws Error when one is missing, left over, there twice or of another shape; nothing is changed then.
 */
export function setFileWeights(
  model: Model,
  { weights }: ModelFile,
  set = (values: readonly NamedWeight[]): void => {
    model.setWeights(values);
  },
): void {
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const values = model.graph.leaves.flatMap((layer) =>
    layer.weights.specs.map((spec) => {
      const path = `${layer.title}/${spec.name}`;
      const found = byName.get(path);
      if (found) return found;
      throw new Error(`${model.name}: the file has no weight "${path}"`);
    }),
  );
  const leftOver = weights.find((weight) => !values.includes(weight));
  if (leftOver) throw new Error(`${model.name}: the file has "${leftOver.name}" twice, or no layer has that weight`);
  set(values);
}

/** What a file says of itself, for all that read it. */
export const fileFormat = { name: 'bucle', version: 1 };

/** A file's bytes as `readTfjs` and the like give a file; those objects as they are. */
export function readModelFile(file: ModelFile | Uint8Array | ArrayBuffer): Safetensors & { readonly file: ModelFile } {
  if (!(file instanceof Uint8Array) && !(file instanceof ArrayBuffer)) return { file, tensors: [], metadata: {} };
  const { tensors, metadata } = readSafetensors('loadModel', file instanceof Uint8Array ? file : new Uint8Array(file));
  if (metadata.format !== fileFormat.name)
    mismatch('loadModel: format', `'${fileFormat.name}'`, metadata.format ?? 'none');
  const version = Number(metadata.version);
  if (!(version >= 1 && version <= fileFormat.version)) {
    mismatch('loadModel: version', `a file of version ${fileFormat.version} or earlier`, metadata.version ?? 'none');
  }
  let topology: unknown;
  try {
    topology = JSON.parse(metadata.topology ?? '');
  } catch {
    mismatch('loadModel: topology', 'JSON', String(metadata.topology).slice(0, 40));
  }
  // What training keeps has names of its own.
  const weights = tensors.filter(({ name }) => !name.startsWith(trainingPrefix));
  return { file: { topology: topology as Topology, weights }, tensors, metadata };
}

/** Of the names of tensors that are not weights: no layer has such a name. */
export const trainingPrefix = 'training:';

function record<S extends Record<string, Reader<unknown>>>(readers: S): Reader<ReturnType<typeof fields<S>>> {
  return (value, where) => fields(value, where, readers);
}

function listOf<T>(reader: Reader<T>): Reader<T[]> {
  return (value, where) =>
    Array.isArray(value) ? value.map((item, i) => reader(item, `${where}[${i}]`)) : refuse(where, 'an array', value);
}

/** Files may be of anybody's making: they are checked to be what their type says. */
function readTopology(file: ModelFile) {
  const reference = record({ layer: text, call: nonNegativeInteger, output: nonNegativeInteger });
  const references = listOf(reference);
  const mask = optional(reference, undefined);
  const calls = listOf(record({ inputs: references, initialState: references, mask }));
  const layers = listOf(record({ kind: kindOf, name: text, options: asGiven, calls }));
  const topology = record({ name: text, layers, inputs: references, outputs: references });
  const weights = listOf(record({ name: text, shape: asGiven, data: asGiven }));
  return fields(file, 'loadModel', { topology, weights }).topology;
}

/** Layers come in any order: a call is made when its turn comes, or before, when another needs what it gives. */
function buildGraph({ name, layers, inputs, outputs }: ReturnType<typeof readTopology>): {
  inputs: SymbolicTensor[];
  outputs: SymbolicTensor[];
} {
  /** The calls of each layer, by the numbers that the file gives them. */
  const made = new Map<string, (() => readonly SymbolicTensor[])[]>();
  const find = ({ layer, call, output }: TensorReference): SymbolicTensor => {
    const found = made.get(layer)?.[call]?.()[output];
    if (found) return found;
    throw new Error(
      `${name}: output ${output} of call ${call} of "${layer}" is not in the file, or depends on itself (a cycle)`,
    );
  };
  for (const { kind, name: title, options, calls } of layers) {
    if (made.has(title)) throw new Error(`${name}: two layers are called "${title}"`);
    const layer = makeLayer(kind, { ...(options as object), name: title });
    const callsOf =
      layer instanceof SymbolicTensor
        ? [() => [layer]]
        : calls.map((call) =>
            once(() => {
              const mask = call.mask === undefined ? {} : { mask: find(call.mask) };
              return layer.call(call.inputs.map(find), { initialState: call.initialState.map(find), ...mask }).outputs;
            }),
          );
    made.set(title, callsOf);
  }
  for (const calls of made.values()) for (const call of calls) call();
  if (outputs.length === 0) mismatch(name, 'at least one output', 'none');
  return { inputs: inputs.map(find), outputs: outputs.map(find) };
}

/** A function that makes its result when it is first asked for. Asked while it makes it, it has nothing yet. */
function once(make: () => readonly SymbolicTensor[]): () => readonly SymbolicTensor[] {
  let made: readonly SymbolicTensor[] | undefined;
  return () => {
    if (made) return made;
    made = [];
    return (made = make());
  };
}
