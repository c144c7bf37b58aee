/** One layer of the library, forward and backward, beside the same layer of the float64 reference. */
import { functional, input, layers, type Layer, type SymbolicTensor, type TrainableModel } from '../../src/index.js';
import { layerCases, type LayerCase } from '../reference/cases.js';
import { cotangentsOf } from '../reference/cases/case.js';
import { relativeError } from '../reference/central-differences.js';
import { addAll, toTensor, type Tensors } from '../reference/tensor.js';

/** Largest differences, each in relation to the largest value of its tensor. */
export interface Errors {
  readonly output: number;
  /** Of the gradients of x and of the initial states. */
  readonly inputs: number;
  readonly weights: number;
}

/** Float32 against float64: 1e-4 of the largest value of a gradient, and 1e-6 where all values are small. */
export const limits: Errors = { output: 1e-5, inputs: 1e-4, weights: 1e-4 };
const smallest = 1e-2;

/**
 * What the library computes as inference does. What is drawn at random and a batch's own statistics are compared where models
 * train; the library has no masks of single places, and in cells no activation whose slope wants the input.
 */
export function inferenceCases(): LayerCase[] {
  return layerCases().filter((one) => {
    const told: Readonly<Record<string, unknown>> = { ...one };
    return !['keep', 'kept', 'noise', 'places', 'training'].some((what) => Boolean(told[what]));
  });
}

export interface Options {
  /** Whether a recurrent layer hands out its final states, so that they have cotangents. True by default. */
  readonly returnState?: boolean;
  /** Whether the inputs are outputs of the model too: then their gradients have two sources. False by default. */
  readonly sharesInputs?: boolean;
  /** What to do to the library's gradients of the weights before they are compared. */
  readonly spoil?: (weights: readonly Float32Array[]) => void;
}

/**
 * Runs cases that differ only in their data (batch, time and values) through one model, one after the other, so that the
 * model's plan grows and shrinks with them.
 * @returns the largest errors of all cases.
 */
export function compareWithReference(cases: readonly LayerCase[], options: Options = {}): Errors {
  const [first] = cases;
  const model = modelOf(first, options);
  model.setWeights(first.weights);
  const errors = cases.map((one) => compareOne(model, one, options));
  const largest = (kind: keyof Errors): number => Math.max(...errors.map((error) => error[kind]));
  return { output: largest('output'), inputs: largest('inputs'), weights: largest('weights') };
}

function compareOne(model: TrainableModel, one: LayerCase, options: Options): Errors {
  const mask = maskOf(one);
  const given = [...one.inputs, ...(mask ? [mask.map((row) => row.map(Number))] : [])];
  const shared = options.sharesInputs === true ? one.inputs : [];
  const results = model.predictAll(given);
  const outputs = results.slice(0, results.length - shared.length);
  const pass = one.forward(one.weights, one.inputs);
  const all = cotangentsOf(one, pass);
  const [first, ...states] = all;
  const expected = pass.backward(outputs.length === all.length ? [first, ...states] : [first]);
  // What comes to an input from outside of the layer: any values will do, such as its own.
  const gradients = model.gradients(given, [...all.slice(0, outputs.length), ...shared]);
  options.spoil?.(gradients.weights.map(({ data }) => data));
  // The reference has gradients of initial states whether they were given or not.
  const inputs = expected.inputs.slice(0, one.inputs.length);
  return {
    output: errorOf(results, [...pass.outputs.slice(0, outputs.length), ...shared]),
    inputs: errorOf(gradients.inputs, shared.length === 0 ? inputs : addAll(inputs, shared)),
    weights: errorOf(gradients.weights, expected.weights.slice(0, one.trained)),
  };
}

function errorOf(ours: readonly Parameters<typeof toTensor>[0][], theirs: Tensors): number {
  return relativeError(ours.map(toTensor), theirs, smallest);
}

/** Kinds whose further inputs are initial states. */
const recurrent: ReadonlySet<string> = new Set(['simpleRNN', 'lstm', 'gru', 'bidirectional']);

/** Kinds that want to know their input's length. */
const fixedLength: ReadonlySet<string> = new Set([
  'flatten',
  'reshape',
  'permute',
  'prelu',
  'dot',
  'softmax',
  'concatenate',
]);

/** A model of the case's layer alone. */
export function modelOf(one: LayerCase, { returnState = true, sharesInputs = false }: Options = {}): TrainableModel {
  // An axis of length 1 is broadcast where that is known.
  const isRecurrent = recurrent.has(one.layer);
  const isFixed = fixedLength.has(one.layer) || (!isRecurrent && one.inputs.some(({ shape }) => shape[1] === 1));
  const given = one.inputs.map(({ shape: [, ...axes] }, i) => {
    const isState = isRecurrent && i > 0;
    const isFree = axes[0] === 0 || (!isFixed && !isState && axes.length > 1);
    return input({ shape: isFree ? [null, ...axes.slice(1)] : axes });
  });
  const mask = maskOf(one) === undefined ? [] : [input({ shape: [null], dtype: 'bool' })];
  const [x, ...initialState] = given;
  const layer = layerOf(one.layer, one.config, returnState);
  const options = mask.length > 0 ? { mask: mask[0] } : {};
  const outputs: SymbolicTensor | SymbolicTensor[] = isRecurrent
    ? layer.apply(x, { ...options, ...(initialState.length > 0 && { initialState }) })
    : layer.apply(given, options);
  const all = Array.isArray(outputs) ? outputs : [outputs];
  return functional({ inputs: [...given, ...mask], outputs: [...all, ...(sharesInputs ? given : [])] });
}

const maskOf = (one: LayerCase) => ('mask' in one ? one.mask : undefined);

const makers = layers as unknown as Readonly<Record<string, ((options: object) => Layer) | undefined>>;

/** The case's layer; one inside another is described by its kind and config. */
function layerOf(kind: string, config: object, returnState: boolean): Layer {
  const options: Record<string, unknown> = { ...config };
  for (const name of ['layer', 'backwardLayer']) {
    const inner = options[name] as { layer: string; config: object } | undefined;
    if (inner) options[name] = layerOf(inner.layer, inner.config, returnState && kind === 'bidirectional');
  }
  const make = makers[kind];
  if (make === undefined) throw new Error(`no layer ${kind}`);
  return make(recurrent.has(kind) && kind !== 'bidirectional' ? { ...options, returnState } : options);
}
