import { describe, expect, test } from 'vitest';
import { activate, activationNames, inputActivationNames, type ActivationName } from './activations.js';
import { tensor } from './tensor.js';

const values = (name: ActivationName, ...x: number[]): number[] => [
  ...activate(name, tensor([x.length], x)).output.data,
];

/** From the definitions, at points where they can be written down. */
const known: Readonly<Record<ActivationName, readonly (readonly [x: number, y: number])[]>> = {
  linear: [[-3, -3]],
  relu: [
    [-2, 0],
    [2, 2],
  ],
  relu6: [
    [-1, 0],
    [5, 5],
    [7, 6],
  ],
  elu: [
    [-1, 1 / Math.E - 1],
    [2, 2],
  ],
  selu: [
    [-1, 1.0507009873554805 * 1.6732632423543772 * (1 / Math.E - 1)],
    [2, 2.101401974710961],
  ],
  tanh: [
    [0, 0],
    [Math.LN2, 0.6],
  ],
  sigmoid: [
    [0, 0.5],
    [Math.log(3), 0.75],
    [-Math.log(3), 0.25],
  ],
  hardSigmoid: [
    [-3.5, 0],
    [0, 0.5],
    [1.5, 0.75],
    [4, 1],
  ],
  hardSigmoidLegacy: [
    [-3, 0],
    [0, 0.5],
    [1, 0.7],
    [3, 1],
  ],
  softplus: [
    [0, Math.LN2],
    [Math.log(3), Math.log(4)],
  ],
  softsign: [
    [1, 0.5],
    [-3, -0.75],
  ],
  exponential: [[Math.LN2, 2]],
  leakyRelu: [
    [-2, -0.4],
    [2, 2],
  ],
  // Φ(1) and Φ(2) from tables of the normal distribution.
  gelu: [
    [1, 0.841344746068543],
    [-1, -0.158655253931457],
    [-2, -2 * 0.0227501319481792],
    [40, 40],
    [-40, 0],
  ],
  geluTanh: [
    [0, 0],
    [1, 0.5 + 0.5 * Math.tanh(1.044715 * Math.sqrt(2 / Math.PI))],
  ],
  silu: [
    [0, 0],
    [Math.log(3), 0.75 * Math.log(3)],
  ],
  hardSilu: [
    [-4, 0],
    [1.5, 1.125],
    [4, 4],
  ],
  // tanh(log(1 + eˣ)) = ((1 + eˣ)² − 1) / ((1 + eˣ)² + 1)
  mish: [
    [Math.log(3), (15 / 17) * Math.log(3)],
    [-Math.log(3), (-7 / 25) * Math.log(3)],
  ],
  softmax: [],
  logSoftmax: [],
};

describe('an activation has the value of its definition', () => {
  test.each([...activationNames, ...inputActivationNames])('%s', (name) => {
    for (const [x, y] of known[name]) expect(values(name, x)[0]).toBeCloseTo(y, 14);
  });
});

test('softmax shares out 1 over the last axis, whatever is added to all', () => {
  const [a, b] = values('softmax', 0, Math.log(3));
  expect([a, b]).toEqual([expect.closeTo(0.25, 14), expect.closeTo(0.75, 14)]);
  const large = activate('softmax', tensor([2, 2], [1000, 1000, -1000, 0])).output;
  expect([...large.data]).toEqual([0.5, 0.5, 0, 1]);
});

test('logSoftmax is the logarithm of softmax, and does not overflow', () => {
  const x = tensor([2, 2], [0, Math.log(3), -1000, 1000]);
  const [a, b, c, d] = activate('logSoftmax', x).output.data;
  expect([a, b]).toEqual([expect.closeTo(Math.log(0.25), 14), expect.closeTo(Math.log(0.75), 14)]);
  expect([c, d]).toEqual([-2000, 0]);
});

test('none overflows where its limit is finite', () => {
  expect(values('sigmoid', -1e4, 1e4)).toEqual([0, 1]);
  expect(values('tanh', -1e4, 1e4)).toEqual([-1, 1]);
  expect(values('softplus', -1e4, 1e4)).toEqual([0, 1e4]);
  expect(values('elu', -1e4)).toEqual([-1]);
});
