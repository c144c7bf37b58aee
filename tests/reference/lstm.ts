/**
 * LSTM                                                Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000
 *   z = x(t) · W + h(t−1) · U + b, in four parts i, f, c, o          order and names: Keras 3, layers/rnn/lstm.py
 *   c(t) = ρ(z_f) ⊙ c(t−1) + ρ(z_i) ⊙ φ(z_c)
 *   h(t) = ρ(z_o) ⊙ φ(c(t))                                          φ: activation, ρ: recurrentActivation
 * Weights: kernel [features, 4 units], recurrent kernel [units, 4 units], bias [4 units].
 * Inputs: x and, if wanted, h and c.
 */
import { activate, type ActivationName } from './activations.js';
import { affineWithDropout } from './affine.js';
import type { Cotangents } from './pass.js';
import { dropoutFactors, recur, type Cell, type Kept, type RecurrentConfig, type RecurrentPass } from './recurrence.js';
import {
  add,
  checkWeights,
  joinColumns,
  multiply,
  splitColumns,
  zeros,
  type Mask,
  type Tensor,
  type Tensors,
} from './tensor.js';

export interface LstmConfig extends RecurrentConfig {
  /** sigmoid by default. */
  readonly recurrentActivation?: ActivationName;
}

export function lstm(
  config: LstmConfig,
  weights: Tensors,
  [x, h0, c0]: readonly [Tensor] | readonly [Tensor, Tensor, Tensor],
  mask?: Mask,
  kept?: Kept,
): RecurrentPass<readonly [Tensor, Tensor, Tensor], readonly [Tensor, Tensor, Tensor]> {
  const { units, activation = 'tanh', recurrentActivation = 'sigmoid', useBias = true } = config;
  const [batch, , features] = x.shape;
  checkWeights('lstm', weights, [[features, 4 * units], [units, 4 * units], ...(useBias ? [[4 * units]] : [])]);
  const [kernel, recurrentKernel] = weights;
  const bias = useBias ? weights[2] : undefined;
  const factors = dropoutFactors(config, kept);

  const cell: Cell = (xt, [h, c]) => {
    const input = affineWithDropout(xt, factors.input, kernel, bias);
    const recurrent = affineWithDropout(h, factors.recurrent, recurrentKernel);
    const [zi, zf, zc, zo] = splitColumns(add(input.output, recurrent.output), 4);
    const i = activate(recurrentActivation, zi);
    const f = activate(recurrentActivation, zf);
    const candidate = activate(activation, zc);
    const o = activate(recurrentActivation, zo);
    const nextC = add(multiply(f.output, c), multiply(i.output, candidate.output));
    const squashed = activate(activation, nextC);
    return {
      states: [multiply(o.output, squashed.output), nextC],
      backward([dh, dcAfter], [dKernel, dRecurrentKernel, dBias]) {
        const dc = add(dcAfter, squashed.vjp(multiply(dh, o.output)));
        const dz = joinColumns([
          i.vjp(multiply(dc, candidate.output)),
          f.vjp(multiply(dc, c)),
          candidate.vjp(multiply(dc, i.output)),
          o.vjp(multiply(dh, squashed.output)),
        ]);
        return {
          x: input.backward(dz, dKernel, bias && dBias),
          states: [recurrent.backward(dz, dRecurrentKernel), multiply(dc, f.output)],
        };
      },
    };
  };

  const run = recur(cell, config, weights, x, [h0 ?? zeros(batch, units), c0 ?? zeros(batch, units)], mask);
  const [h, c] = run.states;
  return {
    outputs: [run.y, h, c],
    mask: run.mask,
    backward([dy, dh, dc]: Cotangents<readonly [Tensor, Tensor, Tensor]>) {
      const gradients = run.backward(dy, [dh, dc]);
      const [dh0, dc0] = gradients.states;
      return { inputs: [gradients.x, dh0, dc0], weights: gradients.weights };
    },
  };
}
