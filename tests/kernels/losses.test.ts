import { describe, expect, test } from 'vitest';
import { loss, type LossName } from '../reference/losses.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

const names: readonly LossName[] = ['meanSquaredError', 'meanAbsoluteError'];
const codes: Readonly<Record<LossName, number>> = { meanSquaredError: 0, meanAbsoluteError: 3 };
const rowCounts = [0, 1, 2, 3, 5, 255, 256, 257, 1000];
const featureCounts = [1, 2, 3, 4, 5, 7, 8, 17];
const masks = ['none', 'random', 'nothing valid'] as const;

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test.each(names)('%s, its sum and its gradient agree with float64 on every size', (name) => {
    const draw = new Draw(1);
    let cases = 0;
    for (const rows of rowCounts) {
      for (const features of featureCounts) {
        for (const kind of masks) {
          const arena = new Arena(module);
          const mask = kind === 'none' ? undefined : drawMask(draw, rows, kind === 'random' ? 0.7 : 0);
          const prediction = draw.floats(rows * features);
          const target = draw.floats(rows * features);
          target.set(prediction.subarray(0, 2)); // an error of 0 has the gradient 0
          const before = draw.floats(rows * features);

          const gradient = arena.putRows(before, rows, features, 7);
          const result = runLoss(arena, name, prediction, target, gradient, mask, rows, features);
          const expected = reference(name, prediction, target, mask, rows, features);

          const valid = mask ? mask.reduce((sum, one) => sum + one, 0) : rows;
          expect(result.rows).toBe(valid);
          const value = valid === 0 ? 0 : result.sum / (valid * features);
          expect(Math.abs(value - expected.value)).toBeLessThanOrEqual(1e-7 * expected.value);

          const after = arena.getRows(gradient, rows, features);
          const excess = Array.from(after, (found, i) => {
            const added = expected.gradient.data[i];
            const wanted = before[i] + added;
            // Two float32 roundings of the gradient, one of the sum; the error's own rounding doubles the former.
            return Math.abs(found - wanted) - (2.5e-7 * Math.abs(added) + 6e-8 * Math.abs(wanted));
          });
          expect(Math.max(...excess)).toBeLessThanOrEqual(0); // NaN fails, too
          arena.release();
          cases++;
        }
      }
    }
    expect(cases).toBe(rowCounts.length * featureCounts.length * masks.length);
  });

  test.each(names)('%s needs no gradient', (name) => {
    const arena = new Arena(module);
    const draw = new Draw(2);
    const [prediction, target] = [draw.floats(30), draw.floats(30)];
    const gradient = arena.putRows(new Float32Array(30), 6, 5);
    expect(runLoss(arena, name, prediction, target, 0, undefined, 6, 5)).toEqual(
      runLoss(arena, name, prediction, target, gradient, undefined, 6, 5),
    );
    arena.release();
  });

  test.each(names)('%s of 100,000 rows is as exact as that of one', (name) => {
    const arena = new Arena(module);
    const draw = new Draw(3);
    const [prediction, target] = [draw.floats(100_000), draw.floats(100_000)];
    const { sum } = runLoss(arena, name, prediction, target, 0, undefined, 100_000, 1);
    const errors = prediction.map((value, i) => value - target[i]); // in float32, as the kernel has them
    const exact = errors.reduce((total, e) => total + (name === 'meanSquaredError' ? e * e : Math.abs(e)), 0);
    expect(Math.abs(sum / exact - 1)).toBeLessThan(1e-12);
    arena.release();
  });

  test.each(names)('%s carries the NaN of a valid row into the loss and into its own gradient alone', (name) => {
    const arena = new Arena(module);
    const prediction = Float32Array.of(0, 1, NaN, 3, 4, 5);
    const gradient = arena.putRows(new Float32Array(6), 2, 3);
    const { sum } = runLoss(arena, name, prediction, new Float32Array(6), gradient, undefined, 2, 3);
    expect(sum).toBeNaN();
    expect(Array.from(arena.getRows(gradient, 2, 3), Number.isNaN)).toEqual([false, false, true, false, false, false]);
    arena.release();
  });
});

/** The padding lanes of prediction and target hold NaN, and so do a masked row's predictions. */
function runLoss(
  arena: Arena,
  name: LossName,
  prediction: Float32Array,
  target: Float32Array,
  gradient: number,
  mask: Float32Array | undefined,
  rows: number,
  features: number,
): { sum: number; rows: number } {
  const p = arena.putRows(prediction, rows, features, NaN);
  mask?.forEach((valid, row) => {
    if (valid === 0) arena.view(p + row * quad(features) * 4, features).fill(NaN);
  });
  const t = arena.putRows(target, rows, features, NaN);
  const m = mask ? arena.put(mask) : 0;
  const result = arena.allocate(4);
  const { countRows, elementLoss } = arena.module.kernels;
  countRows(m, 0, 0, NaN, rows, result);
  elementLoss(codes[name], p, t, gradient, m, rows, features, features, 0, 0, 0, 1, result);
  const [sum, validRows] = new Float64Array(arena.module.memory.buffer, result, 2);
  return { sum, rows: validRows };
}

/** The reference takes [batch, time, features] and batches of masks: here one batch row, its steps the rows. */
function reference(
  name: LossName,
  prediction: Float32Array,
  target: Float32Array,
  mask: Float32Array | undefined,
  rows: number,
  features: number,
) {
  const shape = [1, rows, features];
  return loss(name, tensor(shape, prediction), tensor(shape, target), mask && [Array.from(mask, (one) => one === 1)]);
}

function drawMask(draw: Draw, rows: number, share: number): Float32Array {
  return Float32Array.from({ length: rows }, () => (draw.uniform() < share ? 1 : 0));
}
