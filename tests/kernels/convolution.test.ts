import { describe, expect, test } from 'vitest';
import {
  bound,
  drawCase,
  geometry,
  oneChain,
  packCase,
  rooms,
  termsOf,
  type Case,
  type Sizes,
} from './convolutions.js';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

/** Keras's number of output steps and left padding. */
function padded(sizes: Omit<Sizes, 'outputSteps' | 'padding'>, padding: 'valid' | 'same' | 'causal'): Sizes {
  const { steps, taps, dilation, stride } = sizes;
  const window = (taps - 1) * dilation + 1;
  if (padding === 'valid') {
    return { ...sizes, padding: 0, outputSteps: Math.max(0, Math.ceil((steps - window + 1) / stride)) };
  }
  const outputSteps = Math.ceil(steps / stride);
  const both = Math.max(0, (outputSteps - 1) * stride + window - steps);
  return { ...sizes, padding: padding === 'same' ? both >> 1 : window - 1, outputSteps };
}

/** Conv1DTranspose: 'valid' has (T − 1)·stride + max(window, stride) steps, 'same' T·stride, cropped on both sides. */
function transposed(sizes: Omit<Sizes, 'outputSteps' | 'padding' | 'isTransposed'>, crop: number): Sizes {
  const { steps, taps, dilation, stride } = sizes;
  const whole = Math.max(0, (steps - 1) * stride + Math.max((taps - 1) * dilation + 1, stride));
  const outputSteps = steps === 0 ? 0 : Math.max(0, whole - 2 * crop);
  return { ...sizes, isTransposed: true, padding: crop, outputSteps };
}

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

const describeCase = ({ x: _x, weights: _weights, bias: _bias, ...sizes }: Case) => JSON.stringify(sizes);

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
  for (const [i, value] of y.entries()) expect(Math.abs(value - wanted[i])).toBeLessThanOrEqual(limit(i));
}

/** Groups of so many inputs and outputs each: whole quads, parts of one, and several groups in one quad. */
const groupings = [
  [1, 1, 1],
  [1, 3, 5],
  [1, 9, 16],
  [1, 16, 27],
  [2, 1, 1],
  [3, 1, 1],
  [5, 1, 1],
  [8, 1, 1],
  [17, 1, 1],
  [37, 1, 1],
  [3, 1, 2],
  [4, 1, 3],
  [5, 1, 4],
  [2, 1, 9],
  [2, 3, 4],
  [3, 2, 8],
  [2, 5, 1],
  [3, 3, 3],
  [7, 2, 1],
  [2, 4, 6],
  [4, 7, 5],
] as const;

/** Taps, dilation, stride. */
const windows = [
  [1, 1, 1],
  [1, 1, 3],
  [2, 1, 1],
  [3, 1, 1],
  [3, 4, 1],
  [2, 1, 2],
  [3, 1, 2],
  [5, 1, 3],
  [2, 1, 5],
] as const;

function* allSizes(): Generator<Sizes> {
  let i = 0;
  for (const [groups, inputsOfGroup, outputsOfGroup] of groupings) {
    for (const [taps, dilation, stride] of windows) {
      for (const steps of [0, 1, 2, 7, 13, 30]) {
        const batch = [1, 2, 3, 4, 9, 1, 5][i++ % 7];
        const channels = { groups, inputs: groups * inputsOfGroup, outputs: groups * outputsOfGroup };
        const sizes = { batch, steps, taps, dilation, stride, ...channels };
        const padding = (['valid', 'same', 'causal'] as const)[i % 3];
        yield padded({ ...sizes, isTransposed: false }, padding);
        if (groups === 1) yield transposed(sizes, [0, 1, 2][i % 3]);
      }
    }
  }
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
