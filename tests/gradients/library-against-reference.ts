/** One layer of the library, forward and backward, beside the same layer of the float64 reference. */
import { functional, input, layers, type Layer, type SymbolicTensor, type TrainableModel } from '../../src/index.js';
import { cotangentsOf, passOf, type LayerCase } from '../reference/cases.js';
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
  const given = [...one.inputs, ...(maskOf(one) === undefined ? [] : [toNumbers(maskOf(one))])];
  const shared = options.sharesInputs === true ? one.inputs : [];
  const results = model.predictAll(given);
  const outputs = results.slice(0, results.length - shared.length);
  const pass = passOf(one);
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
    weights: errorOf(gradients.weights, expected.weights),
  };
}

function errorOf(ours: readonly Parameters<typeof toTensor>[0][], theirs: Tensors): number {
  return relativeError(ours.map(toTensor), theirs, smallest);
}

function modelOf(one: LayerCase, { returnState = true, sharesInputs = false }: Options): TrainableModel {
  const [x, ...states] = one.inputs;
  const sequence = input({ shape: [...x.shape.slice(1, -1).map(() => null), x.shape[x.shape.length - 1]] });
  const initialState = states.map(({ shape }) => input({ shape: [shape[1]] }));
  const mask = maskOf(one) === undefined ? [] : [input({ shape: [null], dtype: 'bool' })];
  const outputs: SymbolicTensor | SymbolicTensor[] = layerOf(one, returnState).apply(sequence, {
    ...(initialState.length > 0 && { initialState }),
    ...(mask.length > 0 && { mask: mask[0] }),
  });
  const shared = sharesInputs ? [sequence, ...initialState] : [];
  return functional({
    inputs: [sequence, ...initialState, ...mask],
    outputs: [...(Array.isArray(outputs) ? outputs : [outputs]), ...shared],
  });
}

const maskOf = (one: LayerCase) => ('mask' in one ? one.mask : undefined);

const toNumbers = (mask: ReturnType<typeof maskOf>): number[][] => (mask ?? []).map((row) => row.map(Number));

/** The case's layer. The reference's types allow softmax in a recurrent cell; the library refuses it. */
function layerOf(one: LayerCase, returnState: boolean): Layer {
  switch (one.layer) {
    case 'activation':
      return layers.activation(one.config);
    case 'conv1d':
      return layers.conv1d(one.config);
    case 'dense':
      return layers.dense(one.config);
    case 'dropout':
      return layers.dropout(one.config);
    case 'gru':
      return layers.gru({ ...(one.config as layers.GruOptions), returnState });
    case 'lstm':
      return layers.lstm({ ...(one.config as layers.LstmOptions), returnState });
    case 'masking':
      return layers.masking(one.config);
    case 'simpleRNN':
      return layers.simpleRNN({ ...(one.config as layers.RecurrentOptions), returnState });
    case 'timeDistributed':
      return layers.timeDistributed({ layer: layers.dense(one.config.layer) });
  }
}
