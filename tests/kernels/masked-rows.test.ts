/**
 * Rows of weight 0 do nothing, whatever they hold: every kernel of losses and metrics gives the bits that it gives for the other rows
 * alone, adds to the gradient of these and leaves that of the rest.
 */
import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds, type Kernel } from './load.js';

/** Tensors of a run, by what they are. */
interface Operands {
  readonly prediction: number;
  readonly target: number;
  readonly gradient: number;
  readonly weights: number;
  readonly rows: number;
  readonly features: number;
  readonly result: number;
  readonly thresholds: number;
}

interface KernelCase {
  readonly name: string;
  readonly call: (kernels: Readonly<Record<string, Kernel>>, operands: Operands) => void;
  /** Float64 numbers that come out. */
  readonly results: (features: number) => number;
  /** Columns of the targets. */
  readonly columns?: (features: number) => number;
  readonly hasGradient?: boolean;
}

const elementCodes = Array.from({ length: 16 }, (_, code) => code);

const cases: readonly KernelCase[] = [
  ...elementCodes.map((code): KernelCase => ({
    name: `elementLoss ${code}`,
    results: () => 1,
    call: ({ elementLoss }, { prediction, target, gradient, weights, rows, features, result }) => {
      elementLoss(code, prediction, target, gradient, weights, rows, features, features, 0.4, 0.6, 0.1, 1, result);
    },
  })),
  ...(['categoricalHinge', 'cosineSimilarity'] as const).map((name): KernelCase => ({
    name,
    results: () => 1,
    call: ({ [name]: kernel }, { prediction, target, gradient, weights, rows, features, result }) => {
      kernel(prediction, target, gradient, weights, rows, features, 1, result);
    },
  })),
  ...[0, 1].flatMap((fromLogits): KernelCase[] => [
    {
      name: `categoricalCrossentropy, from logits: ${fromLogits}`,
      results: () => 1,
      call: ({ categoricalCrossentropy }, { prediction, target, gradient, weights, rows, features, result }) => {
        const operands = [prediction, target, 4 * quad(features), gradient, weights, rows, features];
        categoricalCrossentropy(...operands, 0, fromLogits, 0.1, NaN, 1, result);
      },
    },
    {
      name: `categoricalFocal, from logits: ${fromLogits}`,
      results: () => 1,
      call: ({ categoricalFocal }, { prediction, target, gradient, weights, rows, features, result }) => {
        categoricalFocal(prediction, target, gradient, weights, rows, features, fromLogits, 0.1, 2, 0.25, 1, result);
      },
    },
    {
      name: `gaussianLikelihood, of logarithms: ${fromLogits}`,
      results: () => 1,
      columns: (features) => Math.floor(features / 2),
      call: ({ gaussianLikelihood }, { prediction, target, gradient, weights, rows, features, result }) => {
        gaussianLikelihood(prediction, target, gradient, weights, rows, features, fromLogits, 1, 1e-6, 1, result);
      },
    },
  ]),
  ...[0, 1, 3].map((kind): KernelCase => ({
    name: `accuracy ${kind}`,
    hasGradient: false,
    results: () => 1,
    call: ({ accuracy }, { prediction, target, weights, rows, features, result }) => {
      accuracy(prediction, target, 4 * quad(features), weights, rows, features, kind, 0.5, 2, result);
    },
  })),
  ...[0, 2, -1].map((topK): KernelCase => ({
    name: `classCounts ${topK}`,
    hasGradient: false,
    results: (features) => 3 * features,
    call: ({ classCounts }, { prediction, target, weights, rows, features, result }) => {
      classCounts(prediction, target, 4 * quad(features), weights, rows, features, 0, topK, 0.5, result);
    },
  })),
  {
    name: 'thresholdCounts',
    hasGradient: false,
    results: () => 6,
    call: ({ thresholdCounts }, { prediction, target, weights, rows, features, thresholds, result }) => {
      thresholdCounts(prediction, target, weights, rows, features, thresholds, 3, 0, result);
    },
  },
  {
    name: 'residualSums',
    hasGradient: false,
    results: (features) => 1 + 3 * features,
    call: ({ residualSums }, { prediction, target, weights, rows, features, result }) => {
      residualSums(prediction, target, weights, rows, features, result);
    },
  },
];

const pick = (values: Float32Array, columns: number, kept: readonly number[]): Float32Array =>
  Float32Array.from(kept.flatMap((row) => Array.from(values.subarray(row * columns, (row + 1) * columns))));

/** NaN in the rows that are not kept. */
const spoil = (values: Float32Array, columns: number, kept: readonly number[]): Float32Array =>
  values.map((value, i) => (kept.includes(Math.floor(i / columns)) ? value : NaN));

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  function run(
    one: KernelCase,
    x: Float32Array,
    y: Float32Array,
    before: Float32Array,
    w: Float32Array,
    counted: number,
  ) {
    const arena = new Arena(module);
    const rows = w.length;
    const features = before.length / rows;
    const columns = one.columns?.(features) ?? features;
    const count = one.results(features);
    const operands = {
      prediction: arena.putRows(x, rows, features, NaN),
      target: arena.putRows(y, rows, columns, NaN),
      gradient: arena.putRows(before, rows, features, 7),
      weights: arena.put(w),
      result: arena.allocate(2 * Math.max(count, 2)),
      thresholds: arena.put([-1e-7, 0.5, 1]),
      rows,
      features,
    };
    new Float64Array(module.memory.buffer, operands.result, 2)[1] = counted;
    one.call(module.kernels, operands);
    const sums = [...new Float64Array(module.memory.buffer, operands.result, count)];
    const gradient = one.hasGradient === false ? new Float32Array() : arena.getRows(operands.gradient, rows, features);
    arena.release();
    return { sums, gradient };
  }

  test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const draw = new Draw(3);
    for (const rows of [1, 2, 5, 40]) {
      for (const features of [2, 3, 4, 6, 9]) {
        const columns = one.columns?.(features) ?? features;
        const x = Float32Array.from({ length: rows * features }, () => 0.05 + 0.9 * draw.uniform());
        const y = Float32Array.from({ length: rows * columns }, () => draw.integer(0, 1));
        const before = draw.floats(rows * features);
        const w = Float32Array.from({ length: rows }, () => (draw.uniform() < 0.6 ? 0.25 + draw.uniform() : 0));
        const kept = Array.from(w.keys()).filter((row) => w[row] > 0);
        if (kept.length === 0) continue;
        const all = run(one, spoil(x, features, kept), spoil(y, columns, kept), before, w, 5);
        const some = run(
          one,
          ...([pick(x, features, kept), pick(y, columns, kept), pick(before, features, kept)] as const),
          ...([pick(w, 1, kept), 5] as const),
        );
        expect(all.sums).toEqual(some.sums);
        expect(all.sums.every(Number.isFinite)).toBe(true);
        if (one.hasGradient === false) continue;
        expect(pick(all.gradient, features, kept)).toEqual(some.gradient);
        const others = Array.from(w.keys()).filter((row) => w[row] === 0);
        expect(pick(all.gradient, features, others)).toEqual(pick(before, features, others));
      }
    }
  });

  test('ctc passes over masked steps', () => {
    const draw = new Draw(4);
    const [steps, batch, classes, labels] = [6, 2, 3, 2];
    const arena = new Arena(module);
    const x = draw.floats(steps * batch * classes, 2);
    const mask = Float32Array.of(...[1, 1], ...[0, 0], ...[1, 1], ...[1, 1], ...[0, 0], ...[1, 1]);
    const kept = Array.from(mask.keys()).filter((row) => mask[row] === 1);
    const target = arena.put([1, 2, 2, -1]);
    const runOn = (values: Float32Array, masked: number, length: number) => {
      const gradient = arena.putRows(new Float32Array(values.length), length * batch, classes, 7);
      const result = arena.allocate(4);
      new Float64Array(module.memory.buffer, result, 2)[1] = batch;
      const work = arena.allocate(2 * ((length + 2) * (2 * labels + 1) + length));
      const prediction = arena.putRows(values, length * batch, classes, NaN);
      const sizes = [length, batch, classes, labels, 0, 1];
      module.kernels.ctc(prediction, target, gradient, 0, masked, ...sizes, work, result);
      const [sum] = new Float64Array(module.memory.buffer, result, 1);
      return { sum, gradient: arena.getRows(gradient, length * batch, classes) };
    };
    const all = runOn(spoil(x, classes, kept), arena.put(mask), steps);
    const some = runOn(pick(x, classes, kept), 0, kept.length / batch);
    expect(all.sum).toBe(some.sum);
    expect(pick(all.gradient, classes, kept)).toEqual(some.gradient);
    expect(all.gradient.every(Number.isFinite)).toBe(true);
    arena.release();
  });

  test('weighRows lays weights out by step, and puts 0 where the mask is', () => {
    const arena = new Arena(module);
    const [steps, batch] = [3, 2];
    const given = arena.put([1, 2, 3, 4, 5, 6]);
    const weights = arena.allocate(6);
    module.kernels.weighRows(given, arena.put([1, 1, 0, 1, 1, 0]), weights, steps, batch, 1);
    expect([...arena.get(weights, 6)]).toEqual([1, 4, 0, 5, 3, 0]);
    const inner = arena.allocate(12);
    module.kernels.weighRows(given, 0, inner, steps, batch, 2);
    expect([...arena.get(inner, 12)]).toEqual([1, 1, 4, 4, 2, 2, 5, 5, 3, 3, 6, 6]);
    const result = arena.allocate(4);
    module.kernels.countRows(given, 0, 0, NaN, 6, result);
    expect(new Float64Array(module.memory.buffer, result, 2)[1]).toBe(21);
    module.kernels.countRows(given, arena.put([0, 1, 1, 0, 2, 1]), 4, 1, 6, result);
    expect(new Float64Array(module.memory.buffer, result, 2)[1]).toBe(1 + 4 + 5);
    arena.release();
  });
});
