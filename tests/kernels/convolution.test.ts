import { describe, expect, test } from 'vitest';
import {
  allSizes,
  bound,
  describeCase,
  drawCase,
  geometry,
  oneChain,
  packCase,
  padded,
  rooms,
  termsOf,
  transposed,
  type Case,
} from './convolutions.js';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

/** Runs convolution() with NaN in the padding lanes of x and around its room, or rows `from` … of the batch alone. */
function run(module: Module, c: Case, from = 0, to = c.batch): Float32Array {
  const arena = new Arena(module);
  const { packed, bias } = packCase(arena, c);
  const { head, tail } = rooms(c);
  const batch = to - from;
  const stepFloats = batch * quad(c.inputs);
  const x = arena.allocate((head + c.steps + tail) * stepFloats);
  const room = arena.putRows(new Float32Array(batch * c.inputs), batch, c.inputs, NaN);
  const rows = c.x.filter((_, i) => {
    const b = Math.floor(i / c.inputs) % c.batch;
    return b >= from && b < to;
  });
  const values = arena.putRows(rows, c.steps * batch, c.inputs, NaN);
  for (let t = 0; t < head + tail; t++) {
    const at = t < head ? t : c.steps + t;
    arena.view(x + at * stepFloats * 4, stepFloats).set(arena.view(room, stepFloats));
  }
  const first = x + head * stepFloats * 4;
  arena.view(first, c.steps * stepFloats).set(arena.view(values, c.steps * stepFloats));
  const y = arena.allocate(c.outputSteps * batch * quad(c.outputs));
  const sizes = [c.outputSteps, batch, c.taps, c.dilation, ...geometry(c), c.inputs, c.outputs, c.groups];
  module.kernels.convolution(first, packed, bias, y, ...sizes);
  const result = arena.getRows(y, c.outputSteps * batch, c.outputs);
  arena.release();
  return result;
}

/** In float32 and one chain to the last bit, or, fused, within the bound of rounding errors. */
function expectConvolution(module: Module, c: Case, isExact: boolean): void {
  const y = run(module, c);
  const wanted = oneChain(c);
  if (isExact) {
    expect(y, describeCase(c)).toEqual(wanted);
    return;
  }
  const magnitudes = Float64Array.from(wanted, Math.abs);
  for (const term of termsOf(c)) magnitudes[term.y] += Math.abs(c.x[term.x] * c.weights[term.w]);
  const limit = bound(magnitudes, (c.taps * c.inputs) / c.groups);
  const wrong = y.findIndex((value, i) => !(Math.abs(value - wanted[i]) <= limit(i)));
  if (wrong >= 0) expect.fail(`${describeCase(c)}: y[${wrong}] is ${y[wrong]} instead of ${wanted[wrong]}`);
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test('every stride, dilation, padding and grouping, and the transposed ones, follow from the definition', () => {
    const draw = new Draw(1);
    let cases = 0;
    for (const sizes of allSizes()) {
      expectConvolution(module, drawCase(draw, sizes), build === 'training');
      cases++;
    }
    expect(cases).toBe((21 + 4) * 9 * 6);
  });

  test('random sizes from 1 to 70 do too', () => {
    const draw = new Draw(2);
    for (let i = 0; i < 150; i++) {
      const groups = draw.uniform() < 0.3 ? draw.integer(2, 6) : 1;
      const stride = draw.uniform() < 0.5 ? draw.integer(2, 4) : 1;
      const sizes = {
        batch: draw.integer(1, 6),
        steps: draw.integer(0, 20),
        groups,
        inputs: groups * draw.integer(1, Math.floor(70 / groups)),
        outputs: groups * draw.integer(1, Math.floor(70 / groups)),
        taps: draw.integer(1, 4),
        dilation: stride === 1 ? draw.integer(1, 3) : 1,
        stride,
      };
      const isTransposed = groups === 1 && draw.uniform() < 0.4;
      const paddings = ['valid', 'same', 'causal'] as const;
      const drawn = isTransposed
        ? transposed(sizes, draw.integer(0, sizes.taps))
        : padded({ ...sizes, isTransposed }, paddings[draw.integer(0, 2)]);
      expectConvolution(module, drawCase(draw, drawn), build === 'training');
    }
  });

  test('any split of the batch gives the same bits', () => {
    const draw = new Draw(3);
    let i = 0;
    for (const sizes of allSizes()) {
      if (sizes.batch === 1 || i++ % 5 !== 0) continue;
      const c = drawCase(draw, sizes);
      const whole = run(module, c);
      const split = draw.integer(1, c.batch - 1);
      const [first, second] = [run(module, c, 0, split), run(module, c, split, c.batch)];
      const joined = whole.map((_, j) => {
        const [row, n] = [Math.floor(j / c.outputs), j % c.outputs];
        const [t, b] = [Math.floor(row / c.batch), row % c.batch];
        return b < split
          ? first[(t * split + b) * c.outputs + n]
          : second[(t * (c.batch - split) + b - split) * c.outputs + n];
      });
      expect(joined, describeCase(c)).toEqual(whole);
    }
  });

  test('writes 0 to the padding even where inputs are infinite or NaN', () => {
    const draw = new Draw(4);
    for (const [groups, outputs] of [
      [1, 5],
      [3, 3],
      [3, 6],
      [2, 10],
    ]) {
      const channels = { groups, inputs: groups * 2, outputs };
      for (const inputs of [groups, groups * 2]) {
        const sizes = { batch: 2, steps: 6, taps: 2, dilation: 1, stride: 2, isTransposed: false, ...channels, inputs };
        const c = drawCase(draw, padded(sizes, 'causal'));
        c.x.fill(Infinity);
        expect(run(module, c).some((value) => !Number.isFinite(value))).toBe(true);
      }
    }
  });
});
