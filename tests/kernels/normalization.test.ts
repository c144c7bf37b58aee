import { describe, expect, test } from 'vitest';
import { batchNormalization } from '../reference/batch-normalization.js';
import { groupNormalization } from '../reference/group-normalization.js';
import { layerNormalization } from '../reference/layer-normalization.js';
import { normalization } from '../reference/normalization.js';
import { tensor, type Tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';
import { exchangeAxes } from './recurrent.js';

const epsilon = 1e-3;
const row = (values: Float32Array): Tensor => tensor([values.length], values);

/** gamma, beta, both or neither. */
const kinds = [
  { scale: true, center: true },
  { scale: true, center: false },
  { scale: false, center: true },
  { scale: false, center: false },
];

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string): void {
  const scale = Math.max(1, ...Array.from(wanted, Math.abs));
  for (let i = 0; i < wanted.length; i++) {
    const isClose = Math.abs(found[i] - wanted[i]) <= tolerance * scale;
    if (!isClose) expect.fail(`${what}, ${i}: ${found[i]} instead of ${wanted[i]}`);
  }
  expect(found.length, what).toBe(wanted.length);
}

const minus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]);

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test('layerNormalization and its gradients agree with float64 for every number of features', () => {
    const draw = new Draw(1);
    for (let features = 1; features <= 70; features++) {
      const { scale, center } = kinds[features % 4];
      const rows = features % 10 === 0 ? 600 : draw.integer(0, 9);
      const arena = new Arena(module);
      // Away from 0, where a mean that is not exact shows.
      const x = draw.floats(rows * features, 3).map((value) => value + 5);
      const [gamma, beta, dy] = [draw.floats(features), draw.floats(features), draw.floats(x.length)];
      const before = [draw.floats(x.length), draw.floats(features), draw.floats(features)];
      const source = arena.putRows(x, rows, features, NaN);
      const pGamma = scale ? arena.putRows(gamma, 1, features, NaN) : 0;
      const pBeta = center ? arena.putRows(beta, 1, features, NaN) : 0;
      const y = arena.allocate(rows * quad(features));
      kernels.layerNormalization(source, pGamma, pBeta, y, rows, features, epsilon);
      const dx = arena.putRows(before[0], rows, features, NaN);
      const dGamma = scale ? arena.putRows(before[1], 1, features) : 0;
      const dBeta = center ? arena.putRows(before[2], 1, features) : 0;
      const scratch = arena.allocate(2 * quad(features));
      const cotangent = arena.putRows(dy, rows, features, NaN);
      const gradients = [dx, dGamma, dBeta, scratch];
      kernels.layerNormalizationBackward(source, pGamma, cotangent, ...gradients, rows, features, epsilon);

      const weights = [...(scale ? [row(gamma)] : []), ...(center ? [row(beta)] : [])];
      const pass = layerNormalization({ scale, center, epsilon }, weights, [tensor([rows, features], x)]);
      const back = pass.backward([tensor([rows, features], dy)]);
      const found = arena.getRows(y, rows, features);
      expectClose(found, pass.outputs[0].data, 3e-6, 'y');
      expectClose(minus(arena.getRows(dx, rows, features), before[0]), back.inputs[0].data, 3e-6, 'dx');
      const dWeights = [dGamma, dBeta].map((at, i) => at && minus(arena.getRows(at, 1, features), before[i + 1]));
      for (const [i, gradient] of dWeights.filter((one) => one !== 0).entries()) {
        expectClose(gradient, back.weights[i].data, 3e-6, `weight ${i}`);
      }
      kernels.layerNormalization(source, pGamma, pBeta, source, rows, features, epsilon);
      expect(arena.getRows(source, rows, features)).toEqual(found);
      // Each row has these bits alone, too.
      if (rows > 0) {
        const last = arena.putRows(x.subarray((rows - 1) * features), 1, features, NaN);
        kernels.layerNormalization(last, pGamma, pBeta, last, 1, features, epsilon);
        expect(arena.getRows(last, 1, features)).toEqual(found.subarray((rows - 1) * features));
      }
      arena.release();
    }
  });

  test('batch normalization in training: moments, moving averages, values and gradients, with and without a mask', () => {
    const draw = new Draw(2);
    for (const features of [1, 2, 3, 4, 5, 8, 17]) {
      for (const rows of [1, 2, 7, 255, 256, 257, 1000]) {
        for (const kind of ['none', 'random', 'nothing valid'] as const) {
          const { scale, center } = kinds[(rows + features) % 4];
          const arena = new Arena(module);
          const x = draw.floats(rows * features, 3).map((value) => value + 5);
          const isValid = (r: number) => kind === 'random' && (r < 4 || draw.uniform() < 0.7);
          const mask = Float32Array.from({ length: rows }, (_, r) => Number(isValid(r)));
          const [gamma, beta, dy] = [draw.floats(features), draw.floats(features), draw.floats(x.length)];
          const moving = [draw.floats(features), draw.floats(features).map(Math.abs)];
          const before = [draw.floats(x.length), draw.floats(features), draw.floats(features)];
          const source = arena.putRows(x, rows, features, NaN);
          const [pGamma, pBeta] = [gamma, beta].map((one) => arena.putRows(one, 1, features));
          const pMask = kind === 'none' ? 0 : arena.put(mask);
          const [mean, variance, factors] = [0, 1, 2].map(() => arena.allocate(quad(features)));
          const y = arena.allocate(rows * quad(features));
          kernels.batchMoments(source, pMask, mean, variance, rows, features);
          kernels.deviationScale(variance, scale ? pGamma : 0, factors, features, epsilon, 0, 0);
          kernels.scaleShift(source, mean, factors, center ? pBeta : 0, y, rows, features);
          const averages = moving.map((one) => arena.putRows(one, 1, features));
          kernels.movingAverage(averages[0], mean, quad(features), 0.9);
          kernels.movingAverage(averages[1], variance, quad(features), 0.9);
          const dx = arena.putRows(before[0], rows, features, NaN);
          const dGamma = scale ? arena.putRows(before[1], 1, features) : 0;
          const dBeta = center ? arena.putRows(before[2], 1, features) : 0;
          kernels.batchNormalizationBackward(
            ...[source, mean, variance, scale ? pGamma : 0, arena.putRows(dy, rows, features, NaN)],
            ...[dx, dGamma, dBeta, pMask, rows, features, epsilon],
          );

          const weights = [...(scale ? [row(gamma)] : []), ...(center ? [row(beta)] : []), ...moving.map(row)];
          const call = { training: true, mask: kind === 'none' ? undefined : [Array.from(mask, (one) => one === 1)] };
          const config = { scale, center, epsilon, momentum: 0.9 };
          const pass = batchNormalization(config, weights, [tensor([1, rows, features], x)], call);
          const back = pass.backward([tensor([1, rows, features], dy)]);
          // Where hardly a row counts, the deviation is next to nothing and magnifies what rounding left of x − mean.
          const tolerance = rows < 10 || kind === 'nothing valid' ? 5e-5 : 1e-5;
          expectClose(arena.getRows(y, rows, features), pass.outputs[0].data, tolerance, 'y');
          for (const [i, average] of averages.entries()) {
            const wanted = pass.updatedWeights[weights.length - 2 + i].data;
            expectClose(arena.getRows(average, 1, features), wanted, 1e-6, 'moving');
          }
          expectClose(minus(arena.getRows(dx, rows, features), before[0]), back.inputs[0].data, tolerance, 'dx');
          const dWeights = [dGamma, dBeta].map((at, i) => at && minus(arena.getRows(at, 1, features), before[i + 1]));
          for (const [i, gradient] of dWeights.filter((one) => one !== 0).entries()) {
            expectClose(gradient, back.weights[i].data, tolerance, `weight ${i}`);
          }
          arena.release();
        }
      }
    }
  });

  test('moments of 300,000 rows are as exact as their float32 results can be', () => {
    const draw = new Draw(3);
    const arena = new Arena(module);
    const rows = 300_000;
    const x = draw.floats(rows, 1).map((value) => value + 100);
    const padded = arena.putRows(x, rows, 1);
    const [mean, variance] = [arena.allocate(4), arena.allocate(4)];
    kernels.batchMoments(padded, 0, mean, variance, rows, 1);
    const exact = x.reduce((sum, value) => sum + value, 0) / rows;
    const exactVariance = x.reduce((sum, value) => sum + (value - exact) ** 2, 0) / rows;
    expect(Math.abs(arena.get(mean, 1)[0] / exact - 1)).toBeLessThan(1e-7);
    expect(Math.abs(arena.get(variance, 1)[0] / exactVariance - 1)).toBeLessThan(1e-6);
    arena.release();
  });

  test('scaleShift is Normalization, its inverse undoes it, also for years', () => {
    const draw = new Draw(4);
    for (let features = 1; features <= 9; features++) {
      const arena = new Arena(module);
      const rows = draw.integer(0, 5);
      const mean = draw.floats(features).map((value) => 2000 + value);
      const variance = draw.floats(features).map((value, i) => (i === 2 ? 0 : 25 + value));
      const x = draw.floats(rows * features, 20).map((value) => (features === 3 ? 0 : value) + 2000);
      const source = arena.putRows(x, rows, features, NaN);
      const [pMean, pVariance] = [arena.putRows(mean, 1, features, NaN), arena.putRows(variance, 1, features, NaN)];
      const [factors, deviations] = [arena.allocate(quad(features)), arena.allocate(quad(features))];
      const y = arena.allocate(rows * quad(features));
      const least = 1e-7;
      kernels.deviationScale(pVariance, 0, factors, features, 0, least, 0);
      kernels.deviationScale(pVariance, 0, deviations, features, 0, least, 1);
      kernels.scaleShift(source, pMean, factors, 0, y, rows, features);
      const config = { mean: [...mean], variance: [...variance] };
      const [wanted] = normalization(config, [], [tensor([rows, features], x)]).outputs;
      const found = arena.getRows(y, rows, features);
      found.forEach((value, i) =>
        expect(Math.abs(value - wanted.data[i])).toBeLessThanOrEqual(2e-7 * Math.abs(wanted.data[i])),
      );
      kernels.scaleShift(y, 0, deviations, pMean, y, rows, features);
      arena.getRows(y, rows, features).forEach((value, i) => expect(Math.abs(value - x[i])).toBeLessThan(3e-4));
      arena.release();
    }
  });

  test('groupNormalization and its gradients agree with float64 for every division into groups', () => {
    const draw = new Draw(5);
    let cases = 0;
    for (const [features, groups] of [
      [1, 1],
      [2, 1],
      [2, 2],
      [3, 1],
      [4, 2],
      [5, 5],
      [6, 2],
      [6, 3],
      [8, 2],
      [12, 4],
      [18, 3],
    ]) {
      for (const [steps, batch] of [
        [0, 2],
        [1, 1],
        [2, 3],
        [40, 2],
      ]) {
        const { scale, center } = kinds[cases++ % 4];
        const arena = new Arena(module);
        const rows = steps * batch;
        const x = draw.floats(rows * features, 3).map((value) => value + 5);
        const [gamma, beta, dy] = [draw.floats(features), draw.floats(features), draw.floats(x.length)];
        const before = [draw.floats(x.length), draw.floats(features), draw.floats(features)];
        const source = arena.putRows(x, rows, features, NaN);
        const pGamma = scale ? arena.putRows(gamma, 1, features, NaN) : 0;
        const pBeta = center ? arena.putRows(beta, 1, features, NaN) : 0;
        const y = arena.allocate(rows * quad(features));
        const moments = arena.allocate((2 * batch + 4) * quad(features));
        const sizes = [steps, batch, features, groups];
        kernels.groupNormalization(source, pGamma, pBeta, y, moments, ...sizes, epsilon);
        const dx = arena.putRows(before[0], rows, features, NaN);
        const dGamma = scale ? arena.putRows(before[1], 1, features) : 0;
        const dBeta = center ? arena.putRows(before[2], 1, features) : 0;
        const cotangent = arena.putRows(dy, rows, features, NaN);
        kernels.groupNormalizationBackward(source, pGamma, cotangent, dx, dGamma, dBeta, moments, ...sizes);

        const sequence = (values: Float32Array) => exchangeAxes(values, steps, batch, features);
        const ours = ({ data }: Tensor) => exchangeAxes(data, batch, steps, features).data;
        const weights = [...(scale ? [row(gamma)] : []), ...(center ? [row(beta)] : [])];
        const pass = groupNormalization({ scale, center, epsilon, groups }, weights, [sequence(x)]);
        const back = pass.backward([sequence(dy)]);
        expectClose(arena.getRows(y, rows, features), ours(pass.outputs[0]), 3e-6, 'y');
        expectClose(minus(arena.getRows(dx, rows, features), before[0]), ours(back.inputs[0]), 5e-5, 'dx');
        const dWeights = [dGamma, dBeta].map((at, i) => at && minus(arena.getRows(at, 1, features), before[i + 1]));
        for (const [i, gradient] of dWeights.filter((one) => one !== 0).entries()) {
          expectClose(gradient, back.weights[i].data, 3e-6, `weight ${i}`);
        }
        // In place, and the same bits for a batch row alone.
        const found = arena.getRows(y, rows, features);
        kernels.groupNormalization(source, pGamma, pBeta, source, moments, ...sizes, epsilon);
        expect(arena.getRows(source, rows, features)).toEqual(found);
        const one = arena.putRows(sequence(x).data.subarray(0, steps * features), steps, features, NaN);
        kernels.groupNormalization(one, pGamma, pBeta, one, moments, steps, 1, features, groups, epsilon);
        expect([...arena.getRows(one, steps, features)]).toEqual([
          ...sequence(found).data.subarray(0, steps * features),
        ]);
        arena.release();
      }
    }
    expect(cases).toBe(11 * 4);
  });
});
