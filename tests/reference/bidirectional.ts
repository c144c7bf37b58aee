/**
 * Bidirectional: two recurrent layers, one of which takes the sequence from its end; what they give is merged.
 *                                        Schuster & Paliwal 1997; Keras 3, layers/rnn/bidirectional.py
 * The second layer's sequence is turned around before, so that both have step t at t (or, where it is the first that goes
 * backwards, step t at time − 1 − t). A masked step of a sequence is 0;
 * without returnSequences each layer gives its final state.
 * Weights: the forward layer's, the backward layer's. Inputs: x and, if wanted, both layers' initial states, in this
 * order. Outputs: the merged one (with mergeMode null both, unmerged), then both layers' final states.
 */
import type { AnyPass } from './pass.js';
import { recurrent, type RecurrentLayer } from './recurrent.js';
import type { Kept } from './recurrence.js';
import { add, addStepInto, asRows, joinColumns, multiply, reshaped, scale, splitColumns } from './tensor.js';
import { stepOf, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave' | null;

export interface BidirectionalConfig {
  readonly layer: RecurrentLayer;
  /** By default the same, the other way (TensorFlow.js; Keras always takes goBackwards). One of the two goes backwards. */
  readonly backwardLayer?: RecurrentLayer;
  /** concat by default. */
  readonly mergeMode?: MergeMode;
}

export function bidirectional(
  { layer, backwardLayer, mergeMode = 'concat' }: BidirectionalConfig,
  weights: Tensors,
  [x, ...initialStates]: Tensors,
  mask?: Mask,
  kept: { readonly forward?: Kept; readonly backward?: Kept } = {},
): AnyPass & { readonly mask: Mask | undefined } {
  const { returnSequences = false, goBackwards = false } = layer.config;
  const other = backwardLayer ?? { ...layer, config: { ...layer.config, goBackwards: !goBackwards } };
  if (goBackwards === (other.config.goBackwards ?? false)) {
    throw new Error('bidirectional: expected one of the two layers to go backwards');
  }
  const [weights1, weights2] = halves(weights);
  const [start1, start2] = halves(initialStates);
  const one = recurrent(withZeros(layer), weights1, [x, ...start1], mask, kept.forward);
  const two = recurrent(withZeros(other), weights2, [x, ...start2], mask, kept.backward);

  /** Turns a sequence around, or its cotangent back; a state stays as it is. */
  const turn = (y: Tensor): Tensor => (returnSequences ? reverseSteps(y) : y);
  const [y1, ...states1] = one.outputs;
  const [y2, ...states2] = two.outputs;
  const merged = merge(mergeMode, y1, turn(y2));
  return {
    outputs: [...merged.outputs, ...states1, ...states2],
    mask: returnSequences ? mask : undefined,
    backward(cotangents) {
      const given: readonly (Tensor | undefined)[] = cotangents;
      const count = merged.outputs.length;
      const [dy1, dy2] = merged.backward(merged.outputs.map((y, i) => given[i] ?? zerosLike(y)));
      const d1 = one.backward([dy1, ...given.slice(count, count + states1.length)]);
      const d2 = two.backward([turn(dy2), ...given.slice(count + states1.length)]);
      const [dx1, ...dStart1] = d1.inputs;
      const [dx2, ...dStart2] = d2.inputs;
      return { inputs: [add(dx1, dx2), ...dStart1, ...dStart2], weights: [...d1.weights, ...d2.weights] };
    },
  };
}

/** The same layer; of its sequence masked steps are 0. */
const withZeros = (layer: RecurrentLayer): RecurrentLayer => ({
  ...layer,
  config: { ...layer.config, zeroOutputForMask: true },
});

const halves = (all: Tensors): [Tensors, Tensors] => [all.slice(0, all.length / 2), all.slice(all.length / 2)];

function reverseSteps(sequence: Tensor): Tensor {
  const [, time] = sequence.shape;
  const reversed = zerosLike(sequence);
  for (let t = 0; t < time; t++) addStepInto(reversed, time - 1 - t, stepOf(sequence, t));
  return reversed;
}

interface Merged {
  readonly outputs: [Tensor, ...Tensor[]];
  /** From the outputs' cotangents to those of a and b. */
  backward(cotangents: Tensors): readonly Tensor[];
}

function merge(mode: MergeMode, a: Tensor, b: Tensor): Merged {
  switch (mode) {
    case 'concat': {
      const joined = joinColumns([asRows(a), asRows(b)]);
      return {
        outputs: [reshaped(joined, [...a.shape.slice(0, -1), joined.shape[1]])],
        backward: ([dy]) => splitColumns(asRows(dy), 2).map((part) => reshaped(part, a.shape)),
      };
    }
    case 'sum':
      return { outputs: [add(a, b)], backward: ([dy]) => [dy, dy] };
    case 'ave':
      return { outputs: [scale(add(a, b), 0.5)], backward: ([dy]) => [scale(dy, 0.5), scale(dy, 0.5)] };
    case 'mul':
      return { outputs: [multiply(a, b)], backward: ([dy]) => [multiply(dy, b), multiply(dy, a)] };
    case null:
      return { outputs: [a, b], backward: (cotangents) => cotangents };
  }
}
