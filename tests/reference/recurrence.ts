/**
 * What SimpleRNN, LSTM and GRU share: a cell applied step by step.
 *   states(t) = cell(x(t), states(t−1)),   y(t) = the first state
 * goBackwards takes the steps from the last to the first, and y stands in the order in which it was made (Keras). A
 * masked step repeats the states, and so its output; before the first valid step these are the initial states. Without
 * any step the final states are the initial ones.
 *
 * Backwards (back-propagation through time, Werbos 1990): the cotangent of the states, carried from step to step, gets
 * y(t)'s added on its way; at a masked step it passes untouched.
 */
import { addInto, addStepInto, checkShape, chooseRows, scale, stepOf, zeros, zerosLike } from './tensor.js';
import type { Mask, Tensor, Tensors } from './tensor.js';
import type { ActivationName } from './activations.js';
import type { Pass } from './pass.js';

export interface RecurrentConfig {
  readonly units: number;
  /** tanh by default. */
  readonly activation?: ActivationName;
  /** true by default. */
  readonly useBias?: boolean;
  /** Whether the first output is the whole sequence [batch, time, units] or its last step [batch, units] (default). */
  readonly returnSequences?: boolean;
  /** false by default. */
  readonly goBackwards?: boolean;
  /** The share of the inputs that is dropped, in [0, 1); 0 by default. Without `Kept` nothing is dropped. */
  readonly dropout?: number;
  /** The same of the state that goes into the recurrent product. */
  readonly recurrentDropout?: number;
  /** Whether a returned sequence is 0 at masked steps: what Bidirectional wants. false by default. */
  readonly zeroOutputForMask?: boolean;
}

/**
 * What dropout keeps in a run, 1 or 0, the same at each step (Gal & Ghahramani 2016): of the inputs [batch, features],
 * of the state [batch, units]. One tensor is for all gates, or each gate has one, in the order of the weights.
 * Keras 3 draws one for all, but one for each gate, of the inputs too, in an LSTM or GRU with recurrentDropout
 * (layers/rnn/lstm.py, `implementation` 1). The other uses of the state (f ⊙ c, z ⊙ h) are without dropout.
 */
export interface Kept {
  readonly input?: Tensors;
  readonly recurrent?: Tensors;
}

/** What inputs and state are multiplied by: keep / (1 − rate). */
export function dropoutFactors(
  { dropout = 0, recurrentDropout = 0 }: RecurrentConfig,
  { input = [], recurrent = [] }: Kept = {},
): Required<Kept> {
  return {
    input: input.map((keep) => scale(keep, 1 / (1 - dropout))),
    recurrent: recurrent.map((keep) => scale(keep, 1 / (1 - recurrentDropout))),
  };
}

/** Outputs: y and the final states, always. Inputs' gradients: those of x and of the initial states, given or not. */
export interface RecurrentPass<Inputs extends Tensors, Outputs extends Tensors> extends Pass<Inputs, Outputs> {
  /** The mask of a returned sequence: as it came. */
  readonly mask: Mask | undefined;
}

export interface CellStep {
  readonly states: Tensors;
  /** From the cotangents of the states after the step; adds to the weights' gradients. */
  backward(states: Tensors, weightGradients: Tensors): { readonly x: Tensor; readonly states: Tensors };
}

export type Cell = (x: Tensor, states: Tensors) => CellStep;

export interface Run {
  readonly y: Tensor;
  readonly states: Tensors;
  readonly mask: Mask | undefined;
  backward(
    dy: Tensor | undefined,
    dStates: readonly (Tensor | undefined)[],
  ): { readonly x: Tensor; readonly states: Tensors; readonly weights: Tensors };
}

export function recur(
  cell: Cell,
  config: RecurrentConfig,
  weights: Tensors,
  x: Tensor,
  initialStates: Tensors,
  mask: Mask | undefined,
): Run {
  const { units, returnSequences = false, goBackwards = false, zeroOutputForMask = false } = config;
  const [batch, time] = x.shape;
  initialStates.forEach((state, i) => checkShape(`initial state ${i}`, state, [batch, units]));
  const order = Array.from({ length: time }, (_, t) => (goBackwards ? time - 1 - t : t));
  const validAt = (t: number): boolean[] => Array.from({ length: batch }, (_, b) => mask?.[b][t] ?? true);
  /** What of a step stands in the sequence. */
  const shown = (rows: Tensor, t: number): Tensor =>
    zeroOutputForMask ? chooseRows(validAt(t), rows, zerosLike(rows)) : rows;

  let states = initialStates;
  const sequence = zeros(batch, time, units);
  const steps = order.map((t, position) => {
    const step = cell(stepOf(x, t), states);
    const before = states;
    states = step.states.map((state, i) => chooseRows(validAt(t), state, before[i]));
    addStepInto(sequence, position, shown(states[0], t));
    return step;
  });

  return {
    y: returnSequences ? sequence : states[0],
    states,
    // As it came, also of steps taken backwards: Keras.
    mask: returnSequences ? mask : undefined,
    backward(dy, dStates) {
      const weightGradients = weights.map(zerosLike);
      const dx = zerosLike(x);
      let carried: Tensors = states.map((state, i) => {
        const gradient = zerosLike(state);
        const given = dStates[i];
        if (given !== undefined) addInto(gradient, given);
        return gradient;
      });
      if (dy !== undefined && !returnSequences) addInto(carried[0], dy);

      for (let position = time - 1; position >= 0; position--) {
        const t = order[position];
        const valid = validAt(t);
        if (dy !== undefined && returnSequences) addInto(carried[0], shown(stepOf(dy, position), t));
        const through = steps[position].backward(
          carried.map((gradient) => chooseRows(valid, gradient, zerosLike(gradient))),
          weightGradients,
        );
        addStepInto(dx, t, through.x);
        carried = through.states.map((gradient, i) => chooseRows(valid, gradient, carried[i]));
      }
      return { x: dx, states: carried, weights: weightGradients };
    },
  };
}
