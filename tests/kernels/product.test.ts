import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

interface Sizes {
  rows: number;
  taps: number;
  inputs: number;
  outputs: number;
}

interface Case extends Sizes {
  /** Rows between the taps. */
  dilation: number;
  x: Float32Array;
  weights: Float32Array;
  /** What the sums start from: a bias, or what y holds. */
  start: Float32Array;
  isBias: boolean;
}

function drawCase(draw: Draw, sizes: Sizes, isBias = draw.uniform() < 0.5): Case {
  const { rows, taps, inputs, outputs } = sizes;
  const dilation = draw.integer(1, 3);
  return {
    ...sizes,
    dilation,
    x: draw.floats((rows + (taps - 1) * dilation) * inputs),
    weights: draw.floats(taps * inputs * outputs),
    start: draw.floats((isBias ? 1 : rows) * outputs),
    isBias,
  };
}

/** Runs product from packed weights; NaN lies in the padding lanes of x, and in y where there is a bias. */
function run(arena: Arena, c: Case, rows = c.rows, firstRow = 0): Float32Array {
  const { kernels } = arena.module;
  const xStride = quad(c.inputs) * 4;
  const yStride = quad(c.outputs) * 4;
  const xRows = c.rows + (c.taps - 1) * c.dilation;
  const x = arena.putRows(c.x, xRows, c.inputs, NaN) + firstRow * xStride;
  const weights = arena.put(c.weights);
  const packed = arena.allocate(c.taps * c.inputs * quad(c.outputs));
  kernels.pack(weights, c.outputs * 4, packed, c.taps * c.inputs, c.outputs, 1, 0);
  let bias = 0;
  let y: number;
  if (c.isBias) {
    bias = arena.allocate(quad(c.outputs));
    kernels.pack(arena.put(c.start), c.outputs * 4, bias, 1, c.outputs, 1, 0);
    y = arena.allocate(rows * quad(c.outputs));
  } else {
    const start = c.start.subarray(firstRow * c.outputs, (firstRow + rows) * c.outputs);
    y = arena.putRows(start, rows, c.outputs, NaN);
  }
  kernels.product(x, xStride, packed, bias, y, yStride, rows, c.taps, c.dilation * xStride, c.inputs, c.outputs);
  const result = arena.getRows(y, rows, c.outputs);
  arena.release();
  return result;
}

/** The same in float64, and the sum of the magnitudes, which bounds the rounding errors of float32. */
function expectAgreement(c: Case, y: Float32Array): void {
  const terms = c.taps * c.inputs + 1;
  for (let r = 0; r < c.rows; r++) {
    for (let n = 0; n < c.outputs; n++) {
      let sum = c.start[(c.isBias ? 0 : r * c.outputs) + n];
      let magnitude = Math.abs(sum);
      for (let tap = 0; tap < c.taps; tap++) {
        for (let k = 0; k < c.inputs; k++) {
          const term = c.x[(r + tap * c.dilation) * c.inputs + k] * c.weights[(tap * c.inputs + k) * c.outputs + n];
          sum += term;
          magnitude += Math.abs(term);
        }
      }
      const error = Math.abs(y[r * c.outputs + n] - sum);
      if (!(error <= magnitude * terms * 2 ** -24)) {
        expect.fail(`row ${r}, column ${n} of ${describeCase(c)}: ${y[r * c.outputs + n]} instead of ${sum}`);
      }
    }
  }
}

const describeCase = (c: Case) =>
  `${c.rows} × ${c.inputs} × ${c.outputs}, ${c.taps} taps, ${c.isBias ? 'with' : 'without'} bias`;

/** The order of the sum, as the summation law says, rounded to float32 after each operation. */
function oneChain(c: Case): Float32Array {
  const f = Math.fround;
  const y = new Float32Array(c.rows * c.outputs);
  for (let r = 0; r < c.rows; r++) {
    for (let n = 0; n < c.outputs; n++) {
      let sum = c.start[(c.isBias ? 0 : r * c.outputs) + n];
      for (let tap = 0; tap < c.taps; tap++) {
        for (let k = 0; k < c.inputs; k++) {
          const weight = c.weights[(tap * c.inputs + k) * c.outputs + n];
          sum = f(sum + f(c.x[(r + tap * c.dilation) * c.inputs + k] * weight));
        }
      }
      y[r * c.outputs + n] = sum;
    }
  }
  return y;
}

/** Every size from 1 to 70 in each place, while the others are drawn; and some large. */
function allSizes(draw: Draw): Sizes[] {
  const sizes: Sizes[] = [];
  const drawn = () => ({
    rows: draw.integer(1, 9),
    taps: draw.uniform() < 0.7 ? 1 : draw.integer(2, 4),
    inputs: draw.integer(1, 70),
    outputs: draw.integer(1, 70),
  });
  for (let size = 1; size <= 70; size++) {
    sizes.push({ ...drawn(), rows: size }, { ...drawn(), inputs: size }, { ...drawn(), outputs: size });
  }
  sizes.push({ rows: 33, taps: 1, inputs: 320, outputs: 257 }, { rows: 1, taps: 3, inputs: 129, outputs: 1024 });
  sizes.push({ rows: 130, taps: 2, inputs: 65, outputs: 130 }, { rows: 2, taps: 1, inputs: 1000, outputs: 31 });
  return sizes;
}

describe.each(trainingBuilds)('product, %s', (build) => {
  const module = load(build);

  test('agrees with float64 on every size, and reads no padding', () => {
    const draw = new Draw(1);
    let cases = 0;
    for (const sizes of allSizes(draw)) {
      const arena = new Arena(module);
      const c = drawCase(draw, sizes);
      expectAgreement(c, run(arena, c));
      cases++;
    }
    expect(cases).toBe(3 * 70 + 4);
  });

  test('gives a row the same bits alone and among many', () => {
    const draw = new Draw(2);
    let rows = 0;
    for (const sizes of allSizes(draw)) {
      if (sizes.rows * sizes.inputs * sizes.outputs > 100_000) continue;
      const arena = new Arena(module);
      const c = drawCase(draw, sizes);
      const together = run(arena, c);
      for (let r = 0; r < c.rows; r++) {
        const alone = run(arena, c, 1, r);
        expect(alone, describeCase(c)).toEqual(together.subarray(r * c.outputs, (r + 1) * c.outputs));
        rows++;
      }
    }
    expect(rows).toBeGreaterThan(2400);
  });

  test('goes on with a sum as if it had never stopped', () => {
    const draw = new Draw(3);
    for (let i = 0; i < 60; i++) {
      const arena = new Arena(module);
      const c = drawCase(
        draw,
        { rows: draw.integer(1, 9), taps: 1, inputs: draw.integer(2, 70), outputs: draw.integer(1, 40) },
        true,
      );
      const split = draw.integer(1, c.inputs - 1);
      const part = (from: number, to: number, start: Float32Array, isBias: boolean): Case => {
        const inputs = to - from;
        const x = Float32Array.from(
          { length: c.rows * inputs },
          (_, j) => c.x[Math.floor(j / inputs) * c.inputs + from + (j % inputs)],
        );
        return { ...c, inputs, x, weights: c.weights.slice(from * c.outputs, to * c.outputs), start, isBias };
      };
      const first = run(arena, part(0, split, c.start, true));
      expect(run(arena, part(split, c.inputs, first, false)), describeCase(c)).toEqual(run(arena, c));
    }
  });

  test('without inputs, or without rows, is the bias, or nothing', () => {
    const draw = new Draw(4);
    for (const outputs of [1, 4, 7, 8, 24, 37]) {
      for (const rows of [0, 1, 3, 4, 6]) {
        for (const isBias of [true, false]) {
          const arena = new Arena(module);
          const c = drawCase(draw, { rows, taps: 1, inputs: 0, outputs }, isBias);
          expect(run(arena, c)).toEqual(oneChain(c));
          const none = drawCase(draw, { rows, taps: 0, inputs: 5, outputs }, isBias);
          none.x = new Float32Array(rows * 5);
          none.dilation = 0;
          expect(run(arena, none)).toEqual(oneChain(none));
        }
      }
    }
  });

  test('writes 0 to the padding even where inputs are infinite or NaN', () => {
    const arena = new Arena(module);
    const draw = new Draw(5);
    for (const rows of [1, 5]) {
      const c = drawCase(draw, { rows, taps: 1, inputs: 3, outputs: 5 }, true);
      c.x.fill(Infinity, 0, 3);
      c.x[c.x.length - 1] = NaN;
      const y = run(arena, c);
      expect(y.every((value) => !Number.isFinite(value))).toBe(rows === 1);
    }
  });
});

test('the deterministic build adds one float32 product after the other, taps outside, inputs inside', () => {
  const module = load('training');
  const draw = new Draw(6);
  let cases = 0;
  for (const sizes of allSizes(draw)) {
    if (sizes.rows * sizes.inputs * sizes.outputs > 100_000) continue;
    const c = drawCase(draw, sizes);
    expect(run(new Arena(module), c), describeCase(c)).toEqual(oneChain(c));
    cases++;
  }
  expect(cases).toBeGreaterThan(180);
});
