/**
 * GRU                                                                  Cho et al. 2014; Keras 3, layers/rnn/gru.py
 *   z = ρ(x(t) · W_z + h(t−1) · U_z + b_z)        r = ρ(x(t) · W_r + h(t−1) · U_r + b_r)
 *   h(t) = z ⊙ h(t−1) + (1 − z) ⊙ ĥ               φ: activation, ρ: recurrentActivation
 * and the candidate
 *   resetAfter (the default, as in cuDNN)         ĥ = φ(x(t) · W_h + b_h + r ⊙ (h(t−1) · U_h + b'_h))
 *   otherwise (the paper)                         ĥ = φ(x(t) · W_h + b_h + (r ⊙ h(t−1)) · U_h)
 * Weights: kernel [features, 3 units], recurrent kernel [units, 3 units], in the order z, r, h; bias [3 units], with
 * resetAfter [2, 3 units]: the input's, then the recurrent one. Inputs: x and, if wanted, h.
 */
import { activate, type ActivationName } from './activations.js';
import { affineWithDropout } from './affine.js';
import type { Cotangents } from './pass.js';
import { dropoutFactors, recur, type Cell, type Kept, type RecurrentConfig, type RecurrentPass } from './recurrence.js';
import {
  add,
  addInto,
  checkWeights,
  columns,
  joinColumns,
  map,
  multiply,
  splitColumns,
  subtract,
  zeros,
  zerosLike,
  type Mask,
  type Tensor,
  type Tensors,
} from './tensor.js';

export interface GruConfig extends RecurrentConfig {
  /** sigmoid by default. */
  readonly recurrentActivation?: ActivationName;
  /** true by default. */
  readonly resetAfter?: boolean;
}

export function gru(
  config: GruConfig,
  weights: Tensors,
  [x, h0]: readonly [Tensor] | readonly [Tensor, Tensor],
  mask?: Mask,
  kept?: Kept,
): RecurrentPass<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  const { units, useBias = true, resetAfter = true } = config;
  const [batch, , features] = x.shape;
  const biasShapes = useBias ? [resetAfter ? [2, 3 * units] : [3 * units]] : [];
  checkWeights('gru', weights, [[features, 3 * units], [units, 3 * units], ...biasShapes]);

  const cell = (resetAfter ? resetAfterCell : resetBeforeCell)(config, weights, dropoutFactors(config, kept));
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

function resetAfterCell(config: GruConfig, weights: Tensors, factors: Required<Kept>): Cell {
  const { activation = 'tanh', recurrentActivation = 'sigmoid', useBias = true } = config;
  const [kernel, recurrentKernel] = weights;
  const bias = useBias ? weights[2] : undefined;

  return (x, [h]) => {
    const input = affineWithDropout(x, factors.input, kernel, bias && row(bias, 0));
    const recurrent = affineWithDropout(h, factors.recurrent, recurrentKernel, bias && row(bias, 1));
    const [az, ar, ah] = splitColumns(input.output, 3);
    const [qz, qr, qh] = splitColumns(recurrent.output, 3);
    const z = activate(recurrentActivation, add(az, qz));
    const r = activate(recurrentActivation, add(ar, qr));
    const candidate = activate(activation, add(ah, multiply(r.output, qh)));
    return {
      states: [blend(z.output, h, candidate.output)],
      backward([dNext], [dKernel, dRecurrentKernel, dBias]) {
        const dzz = z.vjp(multiply(dNext, subtract(h, candidate.output)));
        const dzh = candidate.vjp(multiply(dNext, oneMinus(z.output)));
        const dzr = r.vjp(multiply(dzh, qh));
        const da = joinColumns([dzz, dzr, dzh]);
        const dq = joinColumns([dzz, dzr, multiply(dzh, r.output)]);
        return {
          x: input.backward(da, dKernel, bias && row(dBias, 0)),
          states: [add(multiply(dNext, z.output), recurrent.backward(dq, dRecurrentKernel, bias && row(dBias, 1)))],
        };
      },
    };
  };
}

function resetBeforeCell(config: GruConfig, weights: Tensors, factors: Required<Kept>): Cell {
  const { units, activation = 'tanh', recurrentActivation = 'sigmoid', useBias = true } = config;
  const [kernel, recurrentKernel] = weights;
  const bias = useBias ? weights[2] : undefined;
  const gateKernel = columns(recurrentKernel, 0, 2 * units);
  const candidateKernel = columns(recurrentKernel, 2 * units, 3 * units);
  const gateFactors = factors.recurrent.length > 1 ? factors.recurrent.slice(0, 2) : factors.recurrent;
  const candidateFactor = factors.recurrent.slice(-1);

  return (x, [h]) => {
    const input = affineWithDropout(x, factors.input, kernel, bias);
    const [az, ar, ah] = splitColumns(input.output, 3);
    const gates = affineWithDropout(h, gateFactors, gateKernel);
    const [qz, qr] = splitColumns(gates.output, 2);
    const z = activate(recurrentActivation, add(az, qz));
    const r = activate(recurrentActivation, add(ar, qr));
    const remembered = affineWithDropout(multiply(r.output, h), candidateFactor, candidateKernel);
    const candidate = activate(activation, add(ah, remembered.output));
    return {
      states: [blend(z.output, h, candidate.output)],
      backward([dNext], [dKernel, dRecurrentKernel, dBias]) {
        const dGateKernel = zerosLike(gateKernel);
        const dCandidateKernel = zerosLike(candidateKernel);
        const dzz = z.vjp(multiply(dNext, subtract(h, candidate.output)));
        const dzh = candidate.vjp(multiply(dNext, oneMinus(z.output)));
        const dRemembered = remembered.backward(dzh, dCandidateKernel);
        const dzr = r.vjp(multiply(dRemembered, h));
        const dGates = gates.backward(joinColumns([dzz, dzr]), dGateKernel);
        addInto(dRecurrentKernel, joinColumns([dGateKernel, dCandidateKernel]));
        return {
          x: input.backward(joinColumns([dzz, dzr, dzh]), dKernel, bias && dBias),
          states: [add(add(multiply(dNext, z.output), multiply(dRemembered, r.output)), dGates)],
        };
      },
    };
  };
}

const oneMinus = (a: Tensor): Tensor => map(a, (value) => 1 - value);

/** z ⊙ h + (1 − z) ⊙ ĥ. */
const blend = (z: Tensor, h: Tensor, candidate: Tensor): Tensor =>
  add(multiply(z, h), multiply(oneMinus(z), candidate));

/** A row of a matrix, as a view: what is added to it is added to the matrix. */
function row(matrix: Tensor, index: number): Tensor {
  const [, width] = matrix.shape;
  return { shape: [width], data: matrix.data.subarray(index * width, (index + 1) * width) };
}
