/** Gradients of random graphs: the same bits again, and a batch's are the sum of its rows', up to rounding. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { functional, type Tensor } from '../../src/index.js';
import { relaxed } from '../../src/relaxed.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';
import { drawnModel, drawWeights, graphOf } from './random-models.js';
import { drawnData, expectSameBits, sequences, vectors } from './runs.js';
import { settings } from './settings.js';

const plain = ({ data, shape }: { data: Float32Array; shape: readonly number[] }): Plain => ({
  data,
  shape: [...shape],
});

/** The largest difference of two lists of numbers, measured by their largest magnitude (1 at least). */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [largest, scale] = [0, 1];
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(a[i]), Math.abs(b[i]));
  }
  return largest / scale;
}

function sumOf(tensors: readonly Tensor[]): Float64Array {
  return tensors.reduce(
    (sum, { data }) => sum.map((value, i) => value + data[i]),
    new Float64Array(tensors[0].data.length),
  );
}

describe.each([
  ['deterministic', {}],
  ['relaxed', { kernels: relaxed }],
] as const)('%s kernels', (_, build) => {
  test('hold for any graph', () => {
    fc.assert(
      fc.property(drawnModel, drawnData, (drawn, drawnWith) => {
        const data = { ...drawnWith, scale: 1, steps: drawnWith.steps % 40 };
        const { options, fixed } = graphOf(drawn);
        const model = drawWeights(functional({ ...build, ...options }), drawn.seed);
        const given = [sequences(data, drawn.features), ...vectors(data, fixed)].map(plain);
        const random = createRandom(data.seed);
        const cotangents = model
          .predictAll(given)
          .map(({ data: { length }, shape }) => plain({ data: random.normals(length), shape }));

        const whole = model.gradients(given, cotangents);
        const again = model.gradients(given, cotangents);
        expectSameBits(
          [...again.inputs, ...again.weights].map((tensor) => tensor.data),
          [...whole.inputs, ...whole.weights],
        );
        const rows = Array.from({ length: data.rows }, (_row, row) => {
          const only = (tensor: Plain): Plain => rowsOf(tensor, row, row + 1);
          return model.gradients(given.map(only), cotangents.map(only));
        });
        whole.weights.forEach((weight, i) => {
          expect(difference(weight.data, sumOf(rows.map(({ weights }) => weights[i])))).toBeLessThan(1e-5);
        });
        whole.inputs.forEach((input, i) => {
          const joined = rows.flatMap(({ inputs }) => [...inputs[i].data]);
          expect(difference(input.data, joined)).toBeLessThan(1e-5);
        });
      }),
      settings(100),
    );
  });
});
