import { traceGraph } from '../graph/graph.js';
import { SymbolicTensor, type Layer } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { Initialize } from '../graph/weights.js';
import type { KernelBuild } from '../kernels/build.js';
import { activation } from '../layers/activation.js';
import { averagePooling1d } from '../layers/average-pooling1d.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { bidirectional } from '../layers/bidirectional.js';
import { concatenate } from '../layers/concatenate.js';
import { conv1dTranspose } from '../layers/conv1d-transpose.js';
import { conv1d } from '../layers/conv1d.js';
import { cropping1d } from '../layers/cropping1d.js';
import { custom } from '../layers/custom.js';
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
import { layerOf } from '../model/model-layer.js';
import { Model } from '../model/model.js';
import {
  asGiven,
  fields,
  flag,
  listOf,
  mismatch,
  nonNegativeInteger,
  oneOf,
  optional,
  refuse,
  show,
  text,
  type Reader,
} from '../options/options.js';
import { readNumbers, type Numbers } from '../tensors/tensor.js';
import { parseObject, readSafetensors, type Safetensors } from './load-safetensors.js';
import type { ModelFile, TensorReference, Topology } from './topology.js';

export interface LoadOptions {
  /** Which kernels to run on: the deterministic ones by default. */
  readonly kernels?: KernelBuild;
  /** A model into whose workspace the layers are built, so that both can be parts of one graph. */
  readonly workspace?: Model;
}

const builtModel: Reader<Model> = (value, where) => (value instanceof Model ? value : refuse(where, 'a model', value));

const loadFields = { kernels: optional(kernelBuild, undefined), workspace: optional(builtModel, undefined) };

/** Makes a layer from a file's options; the function itself checks them. */
export const makers = {
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
  custom: makeCustom,
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
  model: makeModel,
  multiply,
  normalization,
  permute,
  prelu,
  repeatVector,
  reshape,
  separableConv1d,
  shared: makeShared,
  simpleRNN,
  softmax,
  spatialDropout1d,
  subtract,
  timeDistributed,
  upSampling1d,
  zeroPadding1d,
};

type Kind = keyof typeof makers;

/** What is made while a file is read, in this order: layers that several models have are made once. */
type Made = (Layer | SymbolicTensor)[];

/** A layer inside another, such as Bidirectional's: files have it as kind and options. */
interface Inner {
  readonly kind: Kind;
  readonly options: object;
}

function makeLayer({ kind, options: given }: Inner, made: Made): Layer | SymbolicTensor {
  const options: Record<string, unknown> = { ...given };
  for (const name of ['layer', 'backwardLayer']) {
    if (options[name] === undefined) continue;
    const inner = fields(options[name], name, { kind: kindOf, options: asGiven }) as Inner;
    options[name] = makeLayer(inner, made);
  }
  const make: (options: never, made: Made) => Layer | SymbolicTensor = makers[kind];
  return make(options as never, made);
}

const kindOf: Reader<Kind> = (value, where) => oneOf(Object.keys(makers) as Kind[])(value, where);

/** A model inside another. */
function makeModel({ name, trainable, ...graph }: Record<string, unknown>, made: Made): Layer {
  const title = optional(text, 'model')(name, 'model: name');
  const { inputs, outputs } = buildGraph(title, fields(graph, title, graphFields), made);
  const layer = layerOf(title, traceGraph(title, inputs, outputs));
  // true leaves the layers inside as they are.
  if (!optional(flag, true)(trainable, title)) layer.trainable = false;
  return layer;
}

/** A layer that a model before has already. */
function makeShared({ index }: Record<string, unknown>, made: Made): Layer | SymbolicTensor {
  return made[nonNegativeInteger(index, 'shared')] ?? refuse('shared', 'the number of a layer', index);
}

/** A layer of somebody's own: what its `call` made of its parts is made again at each call. */
function makeCustom({ parts: names, graph, ...options }: Record<string, unknown>, made: Made): Layer {
  const title = text(options.name ?? 'custom', 'custom: name');
  const read = fields(graph, title, graphFields);
  const parts = new Map(
    listOf(text)(names, `${title}: parts`).map((name) => {
      const found = read.layers.find((layer) => layer.name === name);
      return [name, makeLayer(found ?? refuse(`${title}: parts`, 'layers of its graph', name), made) as Layer];
    }),
  );
  const layers = Object.fromEntries(parts);
  // What a call makes is nobody else's.
  return custom({ ...options, layers, call: (given) => buildGraph(title, read, [...made], { given, parts }).outputs });
}

/** What `loadModel` takes: the bytes of a .safetensors file, or what a reader of `bucle/convert` gave. */
export type FileLike = ModelFile | Uint8Array | ArrayBuffer;

/** What a file says of itself, for all that read it. */
export const fileFormat = { name: 'bucle', version: 1 };

/** Of the names of tensors that are not weights: no layer has such a name. */
export const trainingPrefix = 'training:';

/** A file's bytes as `readTfjs` and the like give a file; those objects as they are. */
export function readModelFile(given: FileLike): Safetensors & { readonly file: ModelFile } {
  // By name: bytes of another window or context are no instances here.
  const type = Object.prototype.toString.call(given);
  if (!/ (Uint8Array|ArrayBuffer)]/.test(type)) return { file: given as ModelFile, tensors: [], metadata: {} };
  const { buffer = given as ArrayBuffer, byteOffset, byteLength } = given as Partial<Uint8Array<ArrayBuffer>>;
  const { tensors, metadata } = readSafetensors('loadModel', new Uint8Array(buffer, byteOffset, byteLength));
  const { format, version, topology } = metadata;
  if (format !== fileFormat.name) mismatch('loadModel: format', `'${fileFormat.name}'`, show(format));
  if (version !== String(fileFormat.version)) {
    mismatch('loadModel: version', `a file of version ${fileFormat.version}`, show(version));
  }
  // What training keeps has names of its own.
  const weights = tensors.filter(({ name }) => !name.startsWith(trainingPrefix));
  const parsed = parseObject(() => text(topology, ''), 'loadModel: topology') as unknown as Topology;
  return { file: { topology: parsed, weights }, tensors, metadata };
}

/** Makes layers and calls that a file describes, on given tensors. */
export function callGraph(name: string, graph: unknown, given: readonly SymbolicTensor[]): SymbolicTensor[] {
  return buildGraph(name, fields(graph, name, graphFields), [], { given, parts: new Map() }).outputs;
}

/** Builds the graph of a file and gives its layers the file's weights: by path, all of them, and nothing else. */
export function assembleFile(file: ModelFile, making: Omit<Making, 'initialize'>, options: LoadOptions): Assembled {
  const { topology, weights } = readFile(file);
  const { name } = topology;
  const { kernels, workspace } = fields(options, `${name}: loadModel`, loadFields);
  const { inputs, outputs } = buildGraph(name, topology, []);
  const { find, finish } = fileWeights(name, weights);
  // Looked up and checked before any is given memory: a file may claim what no memory could hold.
  const initialize: Initialize = (spec, title) => find(`${title}/${spec.name}`, spec.shape).data;
  const all = { ...making, initialize: () => initialize, wanted: kernels };
  const assembled = assemble(name, inputs, outputs, all, workspace?.workspace);
  finish();
  return assembled;
}

/**
 * Gives a model the weights of a file, by path.
 * @throws Error when one is missing, left over, there twice or of another shape; nothing is changed then.
 */
export function setFileWeights(
  { name, graph }: Pick<Model, 'name' | 'graph'>,
  file: Pick<ModelFile, 'weights'>,
  set: (values: readonly Numbers[]) => void,
): void {
  const { find, finish } = fileWeights(name, file.weights);
  const values = graph.leaves.flatMap(({ title, weights }) =>
    weights.specs.map((spec) => find(`${title}/${spec.name}`, spec.shape)),
  );
  finish();
  set(values);
}

/** Each weight of a file once, in the order of layers; `finish` when all have been found. */
function fileWeights(model: string, weights: readonly { readonly name: string }[]) {
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const used = new Set<unknown>();
  const find = (path: string, shape: readonly number[]): Numbers => {
    let name = path;
    // The layers of models inside have names of their own, which may be others' too.
    for (let use = 1; used.has(byName.get(name)); use++) name = `${path}@${use}`;
    const found = byName.get(name);
    if (!found) throw new Error(`${model}: the file has no weight "${name}"`);
    used.add(found);
    const numbers = readNumbers(found, `${model}: ${name}`);
    const [wanted, came] = [printShape(shape), printShape(numbers.shape)];
    if (came !== wanted) mismatch(`${model}: ${name}`, `shape ${wanted}`, came);
    return numbers;
  };
  const finish = (): void => {
    const leftOver = weights.find((weight) => !used.has(weight));
    if (leftOver) throw new Error(`${model}: the file has "${leftOver.name}" twice, or no layer has that weight`);
  };
  return { find, finish };
}

function record<S extends Record<string, Reader<unknown>>>(readers: S): Reader<ReturnType<typeof fields<S>>> {
  return (value, where) => fields(value, where, readers);
}

const reference = /* @__PURE__ */ record({ layer: text, call: nonNegativeInteger, output: nonNegativeInteger });

const references = /* @__PURE__ */ listOf(reference);

/** A graph, of the model and of those inside it. */
const graphFields = /* @__PURE__ */ (() => ({
  layers: listOf(
    record({
      kind: kindOf,
      name: text,
      options: asGiven as Reader<object>,
      calls: listOf(record({ inputs: references, initialState: references, mask: optional(reference, undefined) })),
    }),
  ),
  inputs: references,
  outputs: references,
}))();

type GraphDescription = ReturnType<typeof fields<typeof graphFields>>;

/** Files may be of anybody's making: they are checked to be what their type says. */
function readFile(file: ModelFile) {
  const topology = record({ name: text, inner: asGiven, ...graphFields });
  const weights = listOf(record({ name: text, shape: asGiven, data: asGiven }));
  return fields(file, 'loadModel', { topology, weights });
}

/**
 * Builds a graph. Layers come in any order: a call is made when its turn comes, or before, when another needs what it gives.
 * @param inside of a custom layer: what it is called with, and the layers that are its parts, which it has from the start
 */
function buildGraph(
  name: string,
  { layers, inputs, outputs }: GraphDescription,
  made: Made,
  inside?: { readonly given: readonly SymbolicTensor[]; readonly parts: ReadonlyMap<string, Layer> },
): { inputs: SymbolicTensor[]; outputs: SymbolicTensor[] } {
  /** The calls of each layer, by the numbers that the file gives them. */
  const callsOf = new Map<string, (() => readonly SymbolicTensor[])[]>();
  const find = ({ layer, call, output }: TensorReference): SymbolicTensor => {
    const found = callsOf.get(layer)?.[call]?.()[output];
    if (found) return found;
    throw new Error(
      `${name}: output ${output} of call ${call} of "${layer}" is not in the file, or depends on itself (a cycle)`,
    );
  };
  inside?.given.forEach((tensor, i) => callsOf.set(inputs[i]?.layer ?? '', [() => [tensor]]));
  for (const { kind, name: title, options, calls } of layers) {
    if (callsOf.has(title)) throw new Error(`${name}: two layers are called "${title}"`);
    // Layers that a custom layer makes anew at each call are named, unless the user did, by how many came before.
    const layer =
      inside?.parts.get(title) ?? makeLayer({ kind, options: inside ? options : { ...options, name: title } }, made);
    if (!inside) made.push(layer);
    const callOf = ({ inputs, initialState, mask }: (typeof calls)[number]): readonly SymbolicTensor[] =>
      (layer as Layer).call(inputs.map(find), {
        initialState: initialState.map(find),
        ...(mask && { mask: maskOf(find(mask), title) }),
      }).outputs;
    callsOf.set(
      title,
      layer instanceof SymbolicTensor ? [() => [layer]] : calls.map((call) => once(() => callOf(call))),
    );
  }
  for (const calls of callsOf.values()) for (const call of calls) call();
  if (outputs.length === 0) mismatch(name, 'at least one output', 'none');
  return { inputs: inputs.map(find), outputs: outputs.map(find) };
}

/** A mask itself, or the one that a tensor carries. */
function maskOf(tensor: SymbolicTensor, title: string): SymbolicTensor {
  return tensor.dtype === 'bool' ? tensor : (tensor.mask ?? mismatch(title, 'a mask', 'a tensor without'));
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
