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
import { addInto, addStepInto, checkShape, chooseRows, stepOf, zeros, zerosLike } from './tensor.js';
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
}

/** Outputs: y and the final states, always. Inputs' gradients: those of x and of the initial states, given or not. */
export interface RecurrentPass<Inputs extends Tensors, Outputs extends Tensors> extends Pass<Inputs, Outputs> {
  /** The mask of a returned sequence, in its order. */
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
  const { units, returnSequences = false, goBackwards = false } = config;
  const [batch, time] = x.shape;
  initialStates.forEach((state, i) => checkShape(`initial state ${i}`, state, [batch, units]));
  const order = Array.from({ length: time }, (_, t) => (goBackwards ? time - 1 - t : t));
  const validAt = (t: number): boolean[] => Array.from({ length: batch }, (_, b) => mask?.[b][t] ?? true);

  let states = initialStates;
  const sequence = zeros(batch, time, units);
  const steps = order.map((t, position) => {
    const step = cell(stepOf(x, t), states);
    const before = states;
    states = step.states.map((state, i) => chooseRows(validAt(t), state, before[i]));
    addStepInto(sequence, position, states[0]);
    return step;
  });

  return {
    y: returnSequences ? sequence : states[0],
    states,
    mask: returnSequences ? mask?.map((row) => order.map((t) => row[t])) : undefined,
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
        if (dy !== undefined && returnSequences) addInto(carried[0], stepOf(dy, position));
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
