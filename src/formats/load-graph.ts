import { traceGraph } from '../graph/graph.js';
import { SymbolicTensor, type Layer } from '../graph/layer.js';
import { input } from '../layers/input.js';
import { layerOf } from '../model/model-layer.js';
import {
  fields,
  flag,
  listOf,
  mismatch,
  nonNegativeInteger,
  oneOf,
  optional,
  refuse,
  text,
  type Reader,
} from '../options/options.js';
import type { TensorReference } from './topology.js';

/** Makes a layer from a file's options; the function itself checks them. */
export type Maker = (options: never, reading: Reading) => Layer | SymbolicTensor;

/** By kind. */
export type Makers = Readonly<Record<string, Maker>>;

/** A file that is read. */
export interface Reading {
  readonly makers: Makers;
  /** What was made so far, in the order in which layers end: layers that several models have are made once. */
  readonly made: (Layer | SymbolicTensor)[];
}

/** What every file may have, beside layers: inputs, models inside, layers that a model before has already. */
export const structure = { input, model: makeModel, shared: makeShared };

/** A layer inside another, such as Bidirectional's: files have it as kind and options. */
interface Inner {
  readonly kind: string;
  readonly options: object;
}

export function makeLayer({ kind, options: given }: Inner, reading: Reading): Layer | SymbolicTensor {
  const options: Record<string, unknown> = { ...given };
  for (const name of ['layer', 'backwardLayer']) {
    if (options[name] === undefined) continue;
    const inner = fields(options[name], name, { kind: kindIn(reading), options: plainObject });
    options[name] = makeLayer(inner, reading);
  }
  const make = reading.makers[kind] ?? refuse('kind', 'one that is known', kind);
  return make(options as never, reading);
}

function kindIn({ makers }: Reading): Reader<string> {
  return oneOf(Object.keys(makers));
}

/** A model inside another. */
function makeModel({ name, trainable, ...graph }: Record<string, unknown>, reading: Reading): Layer {
  const title = optional(text, 'model')(name, 'model: name');
  const { inputs, outputs } = buildGraph(title, fields(graph, title, graphFields(reading)), reading);
  const layer = layerOf(title, traceGraph(title, inputs, outputs));
  // true leaves the layers inside as they are.
  if (!optional(flag, true)(trainable, title)) layer.trainable = false;
  return layer;
}

/** A layer that a model before has already. */
function makeShared({ index }: Record<string, unknown>, { made }: Reading): Layer | SymbolicTensor {
  return made[nonNegativeInteger(index, 'shared')] ?? refuse('shared', 'the number of a layer', index);
}

export function record<S extends Record<string, Reader<unknown>>>(readers: S): Reader<ReturnType<typeof fields<S>>> {
  return (value, where) => fields(value, where, readers);
}

const plainObject: Reader<object> = (value, where) =>
  typeof value === 'object' && value !== null ? value : refuse(where, 'an object', value);

/** A graph, of the model and of those inside it. */
export function graphFields(reading: Reading) {
  const reference = record({ layer: text, call: nonNegativeInteger, output: nonNegativeInteger });
  const references = listOf(reference);
  const call = record({ inputs: references, initialState: references, mask: optional(reference, undefined) });
  const layer = record({
    kind: kindIn(reading),
    name: text,
    options: plainObject,
    calls: listOf(call),
  });
  return { layers: listOf(layer), inputs: references, outputs: references };
}

export type GraphDescription = ReturnType<typeof fields<ReturnType<typeof graphFields>>>;

/**
 * Builds a graph. Layers come in any order: a call is made when its turn comes, or before, when another needs what it gives.
 * @param inside of a custom layer: what it is called with, and the layers that are its parts, which it has from the start
 */
export function buildGraph(
  name: string,
  { layers, inputs, outputs }: GraphDescription,
  reading: Reading,
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
      inside?.parts.get(title) ?? makeLayer({ kind, options: inside ? options : { ...options, name: title } }, reading);
    // A shared one has its number already.
    if (!inside && kind !== 'shared') reading.made.push(layer);
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
