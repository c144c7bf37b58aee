import type { Layer, LayerLike, SymbolicTensor } from '../graph/layer.js';
import type { KernelBuild } from '../kernels/build.js';
import { deterministicInference } from '../kernels/inference-build.js';
import { asGiven, fields, optional, refuse, seed, text, type Reader } from '../options/options.js';
import { assemble, chain, checkEnds, type Assembled, type Making } from './assemble.js';
import { Model } from './model.js';

export interface ModelOptions {
  /** For errors and summaries. Default 'sequential' or 'functional'. */
  readonly name?: string;
  /**
   * Seed of the first weights. Default 0: the same program gives the same bits. Members of an ensemble need different ones.
   */
  readonly seed?: number;
  /** Which kernels to run on: the deterministic ones by default, or `relaxed` from 'bucle/relaxed'. */
  readonly kernels?: KernelBuild;
  /** A model beside whose layers these are built, so that both can be parts of one model. */
  readonly workspace?: Model;
}

export interface SequentialOptions extends ModelOptions {
  /** One after the other; the first says its `inputShape`. */
  readonly layers: readonly (Layer | LayerLike)[];
}

export interface FunctionalOptions extends ModelOptions {
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
}

/** Reads the `kernels` option. */
export const kernelBuild: Reader<KernelBuild> = (value, where) =>
  typeof value === 'object' && value !== null && 'module' in value && typeof value.module === 'function'
    ? (value as KernelBuild)
    : refuse(where, "kernels such as relaxed from 'bucle/relaxed'", value);

/** Reads the `workspace` option. */
export const builtModel: Reader<Model> = (value, where) =>
  value instanceof Model ? value : refuse(where, 'a model', value);

const modelFields = {
  name: optional(text, undefined),
  seed: optional(seed, 0),
  kernels: optional(kernelBuild, undefined),
  workspace: optional(builtModel, undefined),
};

/** Reads the options of `sequential` and assembles its graph. */
export function assembleSequential(options: SequentialOptions, making: Omit<Making, 'seed'>): Assembled {
  const read = fields(options, 'sequential', { ...modelFields, layers: asGiven });
  const name = read.name ?? 'sequential';
  if (!Array.isArray(options.layers)) refuse(`${name}: layers`, 'an array of layers', options.layers);
  const into = read.workspace?.workspace;
  const { inputs, outputs } = chain(name, options.layers, into);
  return assemble(name, inputs, outputs, { ...making, seed: read.seed, wanted: read.kernels }, into);
}

/** Reads the options of `functional` and assembles its graph. */
export function assembleFunctional(options: FunctionalOptions, making: Omit<Making, 'seed'>): Assembled {
  const read = fields(options, 'functional', { ...modelFields, inputs: asGiven, outputs: asGiven });
  const name = read.name ?? 'functional';
  const inputs = checkEnds(name, 'inputs', options.inputs);
  const outputs = checkEnds(name, 'outputs', options.outputs);
  return assemble(
    name,
    inputs,
    outputs,
    { ...making, seed: read.seed, wanted: read.kernels },
    read.workspace?.workspace,
  );
}

const making = { kernels: deterministicInference, initialize: undefined };

/**
 * A chain of layers that predicts and streams. Its weights are zeros until `setWeights`: first values belong to training.
 * @throws TypeError when layers do not fit together.
 */
export function sequential(options: SequentialOptions): Model {
  return new Model(assembleSequential(options, making));
}

/**
 * A graph of layers that predicts and streams. Its weights are zeros until `setWeights`: first values belong to training.
 * @throws TypeError or Error when the graph is not whole.
 */
export function functional(options: FunctionalOptions): Model {
  return new Model(assembleFunctional(options, making));
}
