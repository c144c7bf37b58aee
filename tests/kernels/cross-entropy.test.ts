import { describe, expect, test } from 'vitest';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../reference/cross-entropy.js';
import type { Loss } from '../reference/loss-reduction.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

const rowCounts = [0, 1, 2, 5, 257];
const masks = ['none', 'random', 'nothing valid'] as const;
const smoothings = [0, 0.1];

/** Its code among the losses by element; from logits one more. */
const binaryCode = 11;

/** Rows of positive numbers; behind the first some are 0 or far too small or large for probabilities, so that they are clipped. */
function shares(draw: Draw, count: number, classes: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const kind = i % classes === 0 ? 1 : draw.uniform();
    return kind < 0.05 ? 0 : kind < 0.1 ? 1e-12 : kind < 0.15 ? 1e12 : draw.uniform() + 0.01;
  });
}

function drawMask(draw: Draw, rows: number, kind: (typeof masks)[number]): Float32Array | undefined {
  if (kind === 'none') return undefined;
  return Float32Array.from({ length: rows }, () => Number(kind === 'random' && draw.uniform() < 0.7));
}

const asMask = (mask: Float32Array | undefined) => mask && [Array.from(mask, (one) => one === 1)];

/** Padded rows with NaN between them, and NaN throughout in masked rows. */
function putPrediction(
  arena: Arena,
  values: Float32Array,
  rows: number,
  features: number,
  mask?: Float32Array,
): number {
  const pointer = arena.putRows(values, rows, features, NaN);
  mask?.forEach((valid, row) => {
    if (valid === 0) arena.view(pointer + row * quad(features) * 4, features).fill(NaN);
  });
  return pointer;
}

function expectLoss(
  arena: Arena,
  expected: Loss,
  result: number,
  divisor: (validRows: number) => number,
  gradient: number,
  before: Float32Array,
  rows: number,
  features: number,
): void {
  const [sum, valid] = new Float64Array(arena.module.memory.buffer, result, 2);
  const value = valid === 0 ? 0 : sum / divisor(valid);
  expect(Math.abs(value - expected.value)).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(expected.value)));
  for (const [i, found] of arena.getRows(gradient, rows, features).entries()) {
    const added = expected.gradient.data[i];
    const isClose = Math.abs(found - before[i] - added) <= 1e-6 * (1 + Math.abs(added));
    if (!isClose) expect.fail(`gradient ${i}: ${found - before[i]} instead of ${added}`);
  }
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test.each([0, 1])('categorical cross-entropy and its gradient agree with float64, from logits: %i', (fromLogits) => {
    const draw = new Draw(1);
    for (const rows of rowCounts) {
      for (const classes of [2, 3, 4, 5, 8, 17]) {
        for (const kind of masks) {
          for (const labelSmoothing of smoothings) {
            const arena = new Arena(module);
            const mask = drawMask(draw, rows, kind);
            const count = rows * classes;
            const prediction = fromLogits ? draw.floats(count, 8) : shares(draw, count, classes);
            const target = Float32Array.from({ length: count }, () => draw.uniform() / classes);
            const before = draw.floats(count);
            const gradient = arena.putRows(before, rows, classes, NaN);
            const result = arena.allocate(4);
            const weights = mask ? arena.put(mask) : 0;
            kernels.countRows(weights, 0, 0, NaN, rows, result);
            kernels.categoricalCrossentropy(
              ...[putPrediction(arena, prediction, rows, classes, mask), arena.putRows(target, rows, classes, NaN)],
              ...[quad(classes) * 4, gradient, weights, rows, classes],
              ...[0, fromLogits, labelSmoothing, NaN, 1, result],
            );
            const shape = [1, rows, classes];
            const config = { fromLogits: fromLogits === 1, labelSmoothing };
            const expected = categoricalCrossentropy(config, tensor(shape, prediction), tensor(shape, target), {
              mask: asMask(mask),
            });
            expectLoss(arena, expected, result, (valid) => valid, gradient, before, rows, classes);
            arena.release();
          }
        }
      }
    }
  });

  test.each([0, 1])(
    'sparse categorical cross-entropy, with and without an ignored class, from logits: %i',
    (fromLogits) => {
      const draw = new Draw(2);
      for (const rows of rowCounts) {
        for (const classes of [2, 3, 4, 5, 8, 17]) {
          for (const kind of masks) {
            for (const ignoreClass of [undefined, 1, -1]) {
              const arena = new Arena(module);
              const mask = drawMask(draw, rows, kind);
              const prediction = fromLogits ? draw.floats(rows * classes, 8) : shares(draw, rows * classes, classes);
              const target = Float32Array.from({ length: rows }, () =>
                draw.integer(ignoreClass === -1 ? -1 : 0, classes - 1),
              );
              const before = draw.floats(rows * classes);
              const gradient = arena.putRows(before, rows, classes, NaN);
              const result = arena.allocate(4);
              // Dense, or rows of one feature.
              const isDense = draw.uniform() < 0.5;
              const [targets, stride] = isDense ? [arena.put(target), 4] : [arena.putRows(target, rows, 1, NaN), 16];
              const weights = mask ? arena.put(mask) : 0;
              kernels.countRows(weights, targets, stride, ignoreClass ?? NaN, rows, result);
              kernels.categoricalCrossentropy(
                ...[putPrediction(arena, prediction, rows, classes, mask), targets, stride, gradient, weights],
                ...[rows, classes, 1, fromLogits, 0, ignoreClass ?? NaN, 1, result],
              );
              const config = { fromLogits: fromLogits === 1, ...(ignoreClass !== undefined && { ignoreClass }) };
              const expected = sparseCategoricalCrossentropy(
                config,
                tensor([1, rows, classes], prediction),
                tensor([1, rows], target),
                { mask: asMask(mask) },
              );
              expectLoss(arena, expected, result, (valid) => valid, gradient, before, rows, classes);
              arena.release();
            }
          }
        }
      }
    },
  );

  test.each([0, 1])('binary cross-entropy and its gradient agree with float64, from logits: %i', (fromLogits) => {
    const draw = new Draw(3);
    for (const rows of rowCounts) {
      for (const features of [1, 2, 3, 4, 5, 8, 17]) {
        for (const kind of masks) {
          for (const labelSmoothing of smoothings) {
            const arena = new Arena(module);
            const mask = drawMask(draw, rows, kind);
            const count = rows * features;
            const prediction = fromLogits
              ? draw.floats(count, 12)
              : Float32Array.from({ length: count }, () =>
                  draw.uniform() < 0.1 ? draw.integer(0, 1) : draw.uniform(),
                );
            const target = Float32Array.from({ length: count }, () => draw.integer(0, 1));
            const before = draw.floats(count);
            const gradient = arena.putRows(before, rows, features, NaN);
            const result = arena.allocate(4);
            const weights = mask ? arena.put(mask) : 0;
            kernels.countRows(weights, 0, 0, NaN, rows, result);
            kernels.elementLoss(
              binaryCode + fromLogits,
              ...[putPrediction(arena, prediction, rows, features, mask), arena.putRows(target, rows, features, NaN)],
              ...[gradient, weights, rows, features, features, 0, 0, labelSmoothing, 1, result],
            );
            const shape = [1, rows, features];
            // The float32 bounds of a probability: 1 − 1e-7 is 1.2e-7 below 1 there.
            const bounded = fromLogits ? prediction : prediction.map((p) => (p > 0.5 ? Math.min(p, 1 - 2 ** -23) : p));
            const isCut = prediction.map((p, i) => Number(p !== bounded[i]));
            const config = { fromLogits: fromLogits === 1, labelSmoothing };
            const expected = binaryCrossentropy(config, tensor(shape, bounded), tensor(shape, target), {
              mask: asMask(mask),
            });
            expected.gradient.data.forEach((_, i) => {
              if (isCut[i]) expected.gradient.data[i] = 0;
            });
            expectLoss(arena, expected, result, (valid) => valid * features, gradient, before, rows, features);
            arena.release();
          }
        }
      }
    }
  });

  test('without a gradient the losses are the same', () => {
    const arena = new Arena(module);
    const draw = new Draw(4);
    const [prediction, target] = [shares(draw, 15, 5), shares(draw, 15, 5)];
    const [p, t] = [arena.putRows(prediction, 3, 5, NaN), arena.putRows(target, 3, 5, NaN)];
    const gradient = arena.putRows(new Float32Array(15), 3, 5);
    const run = (call: (gradient: number, result: number) => void) =>
      [gradient, 0].map((at) => {
        const result = arena.allocate(4);
        kernels.countRows(0, 0, 0, NaN, 3, result);
        call(at, result);
        return [...new Float64Array(module.memory.buffer, result, 2)];
      });
    for (const fromLogits of [0, 1]) {
      const [withGradient, without] = run((at, result) =>
        kernels.categoricalCrossentropy(p, t, 32, at, 0, 3, 5, 0, fromLogits, 0, NaN, 1, result),
      );
      expect(without).toEqual(withGradient);
      const [binary, binaryAlone] = run((at, result) =>
        kernels.elementLoss(binaryCode + fromLogits, p, t, at, 0, 3, 5, 5, 0, 0, 0, 1, result),
      );
      expect(binaryAlone).toEqual(binary);
    }
    arena.release();
  });

  test('a logit of −∞ whose class is not wanted costs nothing; NaN in a valid row goes into loss and gradient', () => {
    const arena = new Arena(module);
    const result = arena.allocate(4);
    const gradient = arena.putRows(new Float32Array(6), 2, 3);
    const target = arena.putRows([0, 1, 0, 0, 1, 0], 2, 3);
    const logits = arena.putRows([-Infinity, 2, 2, 0, 0, 0], 2, 3);
    kernels.countRows(0, 0, 0, NaN, 2, result);
    kernels.categoricalCrossentropy(logits, target, 16, gradient, 0, 2, 3, 0, 1, 0, NaN, 1, result);
    const [sum] = new Float64Array(module.memory.buffer, result, 1);
    expect(sum).toBeCloseTo(Math.log(2) + Math.log(3), 6);
    expect(arena.getRows(gradient, 2, 3)[0]).toBe(0);
    for (const fromLogits of [0, 1]) {
      const spoilt = arena.putRows([1, NaN, 1, 1, 1, 1], 2, 3);
      const fresh = arena.putRows(new Float32Array(6), 2, 3);
      kernels.categoricalCrossentropy(spoilt, target, 16, fresh, 0, 2, 3, 0, fromLogits, 0, NaN, 1, result);
      expect(new Float64Array(module.memory.buffer, result, 1)[0]).toBeNaN();
      expect(Array.from(arena.getRows(fresh, 2, 3), Number.isNaN)).toEqual([true, true, true, false, false, false]);
      const alone = arena.putRows(new Float32Array(6), 2, 3);
      kernels.elementLoss(binaryCode + fromLogits, spoilt, target, alone, 0, 2, 3, 3, 0, 0, 0, 1, result);
      expect(new Float64Array(module.memory.buffer, result, 1)[0]).toBeNaN();
      expect(Array.from(arena.getRows(alone, 2, 3), Number.isNaN)).toEqual([false, true, false, false, false, false]);
    }
    arena.release();
  });
});
