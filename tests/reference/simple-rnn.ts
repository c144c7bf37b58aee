/**
 * SimpleRNN: h(t) = φ(x(t) · W + h(t−1) · U + b)     Elman 1990; Keras 3, layers/rnn/simple_rnn.py
 * Weights: kernel [features, units], recurrent kernel [units, units], bias [units]. Inputs: x and, if wanted, h.
 */
import { activate } from './activations.js';
import { affineWithDropout } from './affine.js';
import type { Cotangents } from './pass.js';
import { dropoutFactors, recur, type Cell, type Kept, type RecurrentConfig, type RecurrentPass } from './recurrence.js';
import { add, checkWeights, zeros, type Mask, type Tensor, type Tensors } from './tensor.js';

export type SimpleRnnConfig = RecurrentConfig;

export function simpleRnn(
  config: SimpleRnnConfig,
  weights: Tensors,
  [x, h0]: readonly [Tensor] | readonly [Tensor, Tensor],
  mask?: Mask,
  kept?: Kept,
): RecurrentPass<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  const { units, activation = 'tanh', useBias = true } = config;
  const [batch, , features] = x.shape;
  checkWeights('simpleRNN', weights, [[features, units], [units, units], ...(useBias ? [[units]] : [])]);
  const [kernel, recurrentKernel] = weights;
  const bias = useBias ? weights[2] : undefined;
  const factors = dropoutFactors(config, kept);

  const cell: Cell = (xt, [h]) => {
    const input = affineWithDropout(xt, factors.input, kernel, bias);
    const recurrent = affineWithDropout(h, factors.recurrent, recurrentKernel);
    const next = activate(activation, add(input.output, recurrent.output));
    return {
      states: [next.output],
      backward([dh], [dKernel, dRecurrentKernel, dBias]) {
        const dz = next.vjp(dh);
        return {
          x: input.backward(dz, dKernel, bias && dBias),
          states: [recurrent.backward(dz, dRecurrentKernel)],
        };
      },
    };
  };

  const run = recur(cell, config, weights, x, [h0 ?? zeros(batch, units)], mask);
  return {
    outputs: [run.y, run.states[0]],
    mask: run.mask,
    backward([dy, dh]: Cotangents<readonly [Tensor, Tensor]>) {
      const gradients = run.backward(dy, [dh]);
      return { inputs: [gradients.x, gradients.states[0]], weights: gradients.weights };
    },
  };
}
