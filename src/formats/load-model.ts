import type { SymbolicTensor } from '../graph/layer.js';
import type { Initialize } from '../graph/weights.js';
import type { KernelBuild } from '../kernels/build.js';
import { assemble, type Assembled, type Making } from '../model/assemble.js';
import { builtModel, kernelBuild } from '../model/make.js';
import type { Model } from '../model/model.js';
import { asGiven, fields, listOf, mismatch, optional, show, text } from '../options/options.js';
import { readNumbers, type Numbers } from '../tensors/tensor.js';
import { buildGraph, graphFields, record, type Makers, type Reading } from './load-graph.js';
import { parseObject, readSafetensors, type Safetensors } from './load-safetensors.js';
import type { ModelFile, Topology } from './topology.js';
import { checkShape } from '../graph/shape.js';

export interface LoadOptions {
  /** Which kernels to run on: the deterministic ones by default. */
  readonly kernels?: KernelBuild;
  /** A model into whose workspace the layers are built, so that both can be parts of one graph. */
  readonly workspace?: Model;
}

const loadFields = { kernels: optional(kernelBuild, undefined), workspace: optional(builtModel, undefined) };

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
export function callGraph(
  name: string,
  graph: unknown,
  given: readonly SymbolicTensor[],
  makers: Makers,
): SymbolicTensor[] {
  const reading = { makers, made: [] };
  return buildGraph(name, fields(graph, name, graphFields(reading)), reading, { given, parts: new Map() }).outputs;
}

/** Builds the graph of a file and gives its layers the file's weights: by path, all of them, and nothing else. */
export function assembleFile(
  file: ModelFile,
  making: Omit<Making, 'initialize'>,
  options: LoadOptions,
  makers: Makers,
): Assembled {
  const reading = { makers, made: [] };
  const { topology, weights } = readFile(file, reading);
  const { name } = topology;
  const { kernels, workspace } = fields(options, `${name}: loadModel`, loadFields);
  const { inputs, outputs } = buildGraph(name, topology, reading);
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
  { name, graph }: Pick<Assembled, 'name' | 'graph'>,
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
    checkShape(`${model}: ${name}`, shape, numbers.shape);
    return numbers;
  };
  const finish = (): void => {
    const leftOver = weights.find((weight) => !used.has(weight));
    if (leftOver) throw new Error(`${model}: the file has "${leftOver.name}" twice, or no layer has that weight`);
  };
  return { find, finish };
}

/** Files may be of anybody's making: they are checked to be what their type says. */
function readFile(file: ModelFile, reading: Reading) {
  const topology = record({ name: text, inner: asGiven, ...graphFields(reading) });
  const weights = listOf(record({ name: text, shape: asGiven, data: asGiven }));
  return fields(file, 'loadModel', { topology, weights });
}
