/**
 * The activations: y = f(x) and, for a cotangent ȳ, the vector–Jacobian product x̄ = ȳ · ∂y/∂x.
 * Formulae as in Keras 3 (keras.activations); hardSigmoidLegacy is the hard sigmoid of Keras 2 and TensorFlow.js.
 *   elu        x, or eˣ − 1 below 0                     Clevert et al. 2015
 *   selu       λ elu with α                             Klambauer et al. 2017, whose constants these are
 *   gelu       x Φ(x), Φ the normal distribution        Hendrycks & Gimpel 2016; geluTanh is their approximation
 *   silu       x σ(x)                                   Elfwing et al. 2017
 *   mish       x tanh(softplus(x))                      Misra 2019
 *   leakyRelu  x, or 0.2 x below 0                      Maas et al. 2013
 *   softmax    eˣ / Σ eˣ over the last axis             x̄ = y ⊙ (ȳ − Σ ȳ y)
 *   logSoftmax x − log Σ eˣ over the last axis          x̄ = ȳ − eʸ Σ ȳ
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

/**
 * erf(x) = 2 / √π · e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1))     Abramowitz & Stegun, 7.1.6: all terms have one sign
 */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x); // 1 − erf(6) < 3e-17
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
const normalDistribution = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

const geluScale = Math.sqrt(2 / Math.PI);
const geluCubic = 0.044715;
const geluInner = (x: number): number => Math.tanh(geluScale * (x + geluCubic * x ** 3));

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

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
  softplus: { value: softplus, slope: sigmoid },
  softsign: { value: (x) => x / (1 + Math.abs(x)), slope: (x) => 1 / (1 + Math.abs(x)) ** 2 },
  exponential: { value: Math.exp, slope: (_, y) => y },
  leakyRelu: { value: (x) => (x > 0 ? x : 0.2 * x), slope: (x) => (x > 0 ? 1 : 0.2) },
  gelu: { value: (x) => x * normalDistribution(x), slope: (x) => normalDistribution(x) + x * normalDensity(x) },
  geluTanh: {
    value: (x) => 0.5 * x * (1 + geluInner(x)),
    slope: (x) => {
      const t = geluInner(x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * geluScale * (1 + 3 * geluCubic * x * x);
    },
  },
  silu: { value: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) * (1 + x * sigmoid(-x)) },
  hardSilu: {
    value: (x) => (x * clip(x + 3, 0, 6)) / 6,
    slope: (x) => (clip(x + 3, 0, 6) + x * inside(x, -3, 3)) / 6,
  },
  mish: {
    value: (x) => x * Math.tanh(softplus(x)),
    slope: (x) => {
      const t = Math.tanh(softplus(x));
      return t + x * (1 - t * t) * sigmoid(x);
    },
  },
} as const satisfies Record<string, Elementwise>;

export type ActivationName = keyof typeof elementwise | 'softmax' | 'logSoftmax';

/** Those that a cell may have: their slopes follow from their outputs. Softmax, on a row, is a layer's alone. */
export const activationNames = [
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
] as const satisfies readonly ActivationName[];

/** The others: their slopes want the input, or a row. */
export const inputActivationNames = [
  'leakyRelu',
  'gelu',
  'geluTanh',
  'silu',
  'hardSilu',
  'mish',
  'logSoftmax',
] as const satisfies readonly ActivationName[];

/** An activation's value, and the way back. */
export interface Activated {
  readonly output: Tensor;
  vjp(cotangent: Tensor): Tensor;
}

export function activate(name: ActivationName, x: Tensor): Activated {
  if (name === 'softmax') return softmax(x);
  if (name === 'logSoftmax') return logSoftmax(x);
  const { value, slope }: Elementwise = elementwise[name];
  const output = map(x, (xi) => value(xi));
  const slopes = map(x, (xi, i) => slope(xi, output.data[i]));
  return { output, vjp: (cotangent) => multiply(cotangent, slopes) };
}

/** The row of a matrix of which x's last axis is a row, as a view. */
function rowOf(a: Tensor, row: number): Float64Array {
  const [, features] = asRows(a).shape;
  return a.data.subarray(row * features, (row + 1) * features);
}

function softmax(x: Tensor): Activated {
  const [rows] = asRows(x).shape;
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

function logSoftmax(x: Tensor): Activated {
  const [rows] = asRows(x).shape;
  const output = zerosLike(x);
  for (let row = 0; row < rows; row++) {
    const largest = Math.max(...rowOf(x, row));
    const sum = rowOf(x, row).reduce((total, value) => total + Math.exp(value - largest), 0);
    rowOf(output, row).set(rowOf(x, row).map((value) => value - largest - Math.log(sum)));
  }
  return {
    output,
    vjp(cotangent) {
      const gradient = zerosLike(x);
      for (let row = 0; row < rows; row++) {
        const y = rowOf(output, row);
        const dy = rowOf(cotangent, row);
        const sum = dy.reduce((total, value) => total + value, 0);
        rowOf(gradient, row).set(dy.map((value, i) => value - Math.exp(y[i]) * sum));
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
