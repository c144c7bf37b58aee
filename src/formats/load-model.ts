import type { Layer, SymbolicTensor } from '../graph/layer.js';
import type { KernelBuild } from '../kernels/build.js';
import { activation } from '../layers/activation.js';
import { conv1d } from '../layers/conv1d.js';
import { dense } from '../layers/dense.js';
import { dropout } from '../layers/dropout.js';
import { gru } from '../layers/gru.js';
import { input } from '../layers/input.js';
import { lstm } from '../layers/lstm.js';
import { masking } from '../layers/masking.js';
import { simpleRNN } from '../layers/simple-rnn.js';
import { timeDistributed } from '../layers/time-distributed.js';
import { assemble, type Assembled, type Making } from '../model/assemble.js';
import { kernelBuild } from '../model/make.js';
import { Model } from '../model/model.js';
import { fields, optional, refuse, type Reader } from '../options/options.js';
import type { ModelFile, Topology, TensorReference } from './topology.js';

export interface LoadOptions {
  /** Which kernels to run on: the deterministic ones by default. */
  readonly kernels?: KernelBuild;
  /** A model into whose workspace the layers are built, so that both can be parts of one graph. */
  readonly workspace?: Model;
}

const builtModel: Reader<Model> = (value, where) =>
  value instanceof Model ? value : refuse(where, 'a model, whose workspace is shared', value);

const loadFields = { kernels: optional(kernelBuild, undefined), workspace: optional(builtModel, undefined) };

/** Makes a layer from a file's options; the function itself checks them. */
const makers: Readonly<Record<string, (options: never) => Layer>> = {
  activation,
  conv1d,
  dense,
  dropout,
  gru,
  lstm,
  masking,
  simpleRNN,
};

/** Builds the graph of a file; `setWeights` then gives a model made of it the file's weights. */
export function assembleFile({ topology }: ModelFile, making: Making, options: LoadOptions): Assembled {
  const { name } = topology;
  const { inputs, outputs } = buildGraph(topology);
  const { kernels, workspace } = fields(options, `${name}: loadModel`, loadFields);
  return assemble(name, inputs, outputs, { ...making, kernels: kernels ?? making.kernels }, workspace?.workspace);
}

/**
 * Gives a model the weights of a file, by path.
 * @throws Error when one is missing, left over or of another shape; nothing is changed then.
 */
export function setFileWeights(model: Model, { weights }: ModelFile): void {
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const values = model.graph.leaves.flatMap((layer) =>
    layer.weights.specs.map((spec) => {
      const path = `${layer.title}/${spec.name}`;
      const found = byName.get(path);
      if (found === undefined) throw new Error(`${model.name}: the file has no weight "${path}"`);
      byName.delete(path);
      return found;
    }),
  );
  const [leftOver] = byName.keys();
  if (leftOver !== undefined) throw new Error(`${model.name}: no layer has the file's weight "${leftOver}"`);
  model.setWeights(values);
}

function buildGraph(topology: Topology): { inputs: SymbolicTensor[]; outputs: SymbolicTensor[] } {
  const { name } = topology;
  const made = new Map<string, readonly SymbolicTensor[][]>();
  const find = (reference: TensorReference): SymbolicTensor | undefined =>
    made.get(reference.layer)?.[reference.call]?.[reference.output];
  const layers = new Map<string, Layer>();
  const calls = topology.layers.flatMap((layer) => layer.calls.map((call) => ({ layer, call })));
  for (const description of topology.layers) {
    if (layers.has(description.name) || made.has(description.name)) {
      throw new Error(`${name}: two layers are called "${description.name}"`);
    }
    if (description.kind === 'input') {
      made.set(description.name, [[input({ ...description.options, name: description.name })]]);
    } else {
      layers.set(
        description.name,
        makeLayer(name, description.kind, { ...description.options, name: description.name }),
      );
    }
  }
  // Files list layers in any order: calls are made as soon as what they need is there.
  let waiting = calls;
  while (waiting.length > 0) {
    const later = waiting.filter(({ layer, call }) => {
      const inputs = call.inputs.map(find);
      const initialState = call.initialState.map(find);
      if (!inputs.every(isThere) || !initialState.every(isThere)) return true;
      const node = layers.get(layer.name)?.call(inputs, initialState.length > 0 ? { initialState } : {});
      made.set(layer.name, [...(made.get(layer.name) ?? []), [...(node?.outputs ?? [])]]);
      return false;
    });
    if (later.length === waiting.length) {
      const names = later.map(({ layer }) => `"${layer.name}"`).join(', ');
      throw new Error(`${name}: ${names} depend on each other (a cycle) or on layers that the file does not have`);
    }
    waiting = later;
  }
  const ends = (references: readonly TensorReference[]): SymbolicTensor[] =>
    references.map((reference) => {
      const found = find(reference);
      if (found === undefined)
        throw new Error(`${name}: the file has no output ${reference.output} of "${reference.layer}"`);
      return found;
    });
  return { inputs: ends(topology.inputs), outputs: ends(topology.outputs) };
}

function isThere(tensor: SymbolicTensor | undefined): tensor is SymbolicTensor {
  return tensor !== undefined;
}

function makeLayer(model: string, kind: string, options: Readonly<Record<string, unknown>>): Layer {
  if (kind === 'timeDistributed') {
    return timeDistributed({ name: String(options.name), layer: dense(options.layer as never) });
  }
  const make = makers[kind];
  if (make === undefined) throw new Error(`${model}: unknown kind of layer "${kind}"`);
  return make(options as never);
}
