/**
 * The activations: y = f(x) and, for a cotangent ȳ, the vector–Jacobian product x̄ = ȳ · ∂y/∂x.
 * Formulae as in Keras 3 (keras.activations); hardSigmoidLegacy is the hard sigmoid of Keras 2 and TensorFlow.js.
 *   elu        x, or eˣ − 1 below 0                     Clevert et al. 2015
 *   selu       λ elu with α                             Klambauer et al. 2017, whose constants these are
 *   softmax    eˣ / Σ eˣ over the last axis             x̄ = y ⊙ (ȳ − Σ ȳ y)
 * At a kink the slope is that of the flat side.
 */
import type { Cotangents, SimplePass } from './pass.js';
import { asRows, map, multiply, zerosLike, type Tensor, type Tensors } from './tensor.js';

/** A function of one number and its slope, which may be told the value. */
interface Elementwise {
  readonly value: (x: number) => number;
  readonly slope: (x: number, y: number) => number;
}

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const inside = (x: number, low: number, high: number): number => (x > low && x < high ? 1 : 0);
/** Neither form overflows on its side of 0. */
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

const elementwise = {
  linear: { value: (x) => x, slope: () => 1 },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  relu6: { value: (x) => clip(x, 0, 6), slope: (x) => inside(x, 0, 6) },
  elu: { value: (x) => (x > 0 ? x : Math.expm1(x)), slope: (x, y) => (x > 0 ? 1 : y + 1) },
  selu: {
    value: (x) => seluScale * (x > 0 ? x : seluAlpha * Math.expm1(x)),
    slope: (x, y) => (x > 0 ? seluScale : y + seluScale * seluAlpha),
  },
  tanh: { value: Math.tanh, slope: (_, y) => 1 - y * y },
  sigmoid: { value: sigmoid, slope: (_, y) => y * (1 - y) },
  hardSigmoid: { value: (x) => clip(x + 3, 0, 6) / 6, slope: (x) => inside(x, -3, 3) / 6 },
  hardSigmoidLegacy: { value: (x) => clip(0.2 * x + 0.5, 0, 1), slope: (x) => 0.2 * inside(x, -2.5, 2.5) },
  softplus: { value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: (x) => sigmoid(x) },
  softsign: { value: (x) => x / (1 + Math.abs(x)), slope: (x) => 1 / (1 + Math.abs(x)) ** 2 },
  exponential: { value: Math.exp, slope: (_, y) => y },
} as const satisfies Record<string, Elementwise>;

export type ActivationName = keyof typeof elementwise | 'softmax';

export const activationNames: readonly ActivationName[] = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'tanh',
  'sigmoid',
  'hardSigmoid',
  'hardSigmoidLegacy',
  'softplus',
  'softsign',
  'exponential',
  'softmax',
];

/** An activation's value, and the way back. */
export interface Activated {
  readonly output: Tensor;
  vjp(cotangent: Tensor): Tensor;
}

export function activate(name: ActivationName, x: Tensor): Activated {
  if (name === 'softmax') return softmax(x);
  const { value, slope }: Elementwise = elementwise[name];
  const output = map(x, (xi) => value(xi));
  const slopes = map(x, (xi, i) => slope(xi, output.data[i]));
  return { output, vjp: (cotangent) => multiply(cotangent, slopes) };
}

function softmax(x: Tensor): Activated {
  const [rows, features] = asRows(x).shape;
  const rowOf = (a: Tensor, row: number): Float64Array => a.data.subarray(row * features, (row + 1) * features);
  const output = zerosLike(x);
  for (let row = 0; row < rows; row++) {
    const largest = Math.max(...rowOf(x, row));
    const powers = rowOf(x, row).map((value) => Math.exp(value - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    rowOf(output, row).set(powers.map((power) => power / sum));
  }
  return {
    output,
    vjp(cotangent) {
      const gradient = zerosLike(x);
      for (let row = 0; row < rows; row++) {
        const y = rowOf(output, row);
        const dy = rowOf(cotangent, row);
        const mean = y.reduce((total, value, i) => total + value * dy[i], 0);
        rowOf(gradient, row).set(y.map((value, i) => value * (dy[i] - mean)));
      }
      return gradient;
    },
  };
}

export interface ActivationConfig {
  readonly activation: ActivationName;
}

/** The Activation layer. */
export function activation(config: ActivationConfig, _weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const y = activate(config.activation, x);
  return {
    outputs: [y.output],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [y.vjp(dy)], weights: [] };
    },
  };
}
