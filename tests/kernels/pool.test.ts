import { expect, test } from 'vitest';
import { Arena, Draw, load, quad } from './load.js';

const module = load();
const { kernels } = module;

interface Sizes {
  readonly batch: number;
  readonly steps: number;
  readonly features: number;
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
  readonly outputSteps: number;
}

function* allSizes(): Generator<Sizes> {
  let i = 0;
  for (const steps of [0, 1, 2, 5, 12, 33]) {
    for (const size of [1, 2, 3, 5, 8]) {
      for (const stride of [1, 2, 3, 7]) {
        for (const kind of ['valid', 'same', 'causal'] as const) {
          const batch = [1, 2, 3, 5][i % 4];
          const features = [1, 3, 4, 5, 8, 17, 2][i++ % 7];
          const sameSteps = Math.ceil(steps / stride);
          const missing = Math.max(0, (sameSteps - 1) * stride + size - steps);
          const outputSteps = kind === 'valid' ? Math.max(0, Math.floor((steps - size) / stride) + 1) : sameSteps;
          const padding = { valid: 0, same: missing >> 1, causal: size - 1 }[kind];
          yield { batch, steps, features, size, stride, padding, outputSteps };
        }
      }
    }
  }
}

/** The steps of each window. */
function windowsOf({ outputSteps, steps, size, stride, padding }: Sizes): number[][] {
  return Array.from({ length: outputSteps }, (_, t) =>
    Array.from({ length: size }, (_, i) => t * stride - padding + i).filter((step) => step >= 0 && step < steps),
  );
}

const sizesOf = (c: Sizes) => [c.steps, c.outputSteps, c.batch, c.features, c.size, c.stride, c.padding];

function pool(x: Float32Array, average: number, c: Sizes): Float32Array {
  const arena = new Arena(module);
  const y = arena.allocate(c.outputSteps * c.batch * quad(c.features));
  kernels.pool(arena.putRows(x, c.steps * c.batch, c.features, NaN), y, average, ...sizesOf(c));
  const result = arena.getRows(y, c.outputSteps * c.batch, c.features);
  arena.release();
  return result;
}

test('pool takes the maximum, or the float32 mean of what is there, of every window', () => {
  const draw = new Draw(1);
  let cases = 0;
  for (const c of allSizes()) {
    const rowFloats = c.batch * c.features;
    const x = draw.floats(c.steps * rowFloats);
    const windows = windowsOf(c);
    const pooled = (of: (values: number[]) => number) =>
      Float32Array.from({ length: c.outputSteps * rowFloats }, (_, i) =>
        of(windows[Math.floor(i / rowFloats)].map((step) => x[step * rowFloats + (i % rowFloats)])),
      );
    expect(pool(x, 0, c)).toEqual(pooled((values) => Math.max(...values)));
    const mean = (values: number[]) => values.reduce((sum, value) => Math.fround(sum + value)) / values.length;
    expect(pool(x, 1, c)).toEqual(pooled(mean));
    cases++;
  }
  expect(cases).toBe(6 * 5 * 4 * 3);
});

test('a window that holds NaN gives NaN, and an infinite one its infinity', () => {
  const c = { batch: 1, steps: 6, features: 1, size: 2, stride: 2, padding: 0, outputSteps: 3 };
  const x = Float32Array.of(1, NaN, NaN, 2, -Infinity, 3);
  expect([...pool(x, 0, c)]).toEqual([NaN, NaN, 3]);
  expect([...pool(x, 1, c)]).toEqual([NaN, NaN, -Infinity]);
});

test('poolBackward gives a maximum’s gradient to the first that holds it, a mean’s to all in equal shares', () => {
  const draw = new Draw(2);
  for (const c of allSizes()) {
    const rowFloats = c.batch * c.features;
    // Few values, so that many are equal.
    const x = draw.floats(c.steps * rowFloats).map((value) => Math.round(value * 2));
    const dy = draw.floats(c.outputSteps * rowFloats);
    const before = draw.floats(c.steps * rowFloats);
    const [toMaximum, toMean] = [before.slice(), before.slice()];
    for (const [t, window] of windowsOf(c).entries()) {
      for (let i = 0; i < rowFloats; i++) {
        const values = window.map((step) => x[step * rowFloats + i]);
        const gradient = dy[t * rowFloats + i];
        toMaximum[window[values.indexOf(Math.max(...values))] * rowFloats + i] += gradient;
        for (const step of window) toMean[step * rowFloats + i] += Math.fround(gradient / window.length);
      }
    }
    for (const [average, wanted] of [
      [0, toMaximum],
      [1, toMean],
    ] as const) {
      const arena = new Arena(module);
      const y = pool(x, average, c);
      const dx = arena.putRows(before, c.steps * c.batch, c.features);
      kernels.poolBackward(
        arena.putRows(x, c.steps * c.batch, c.features),
        arena.putRows(y, c.outputSteps * c.batch, c.features),
        arena.putRows(dy, c.outputSteps * c.batch, c.features),
        dx,
        average,
        ...sizesOf(c),
      );
      expect(arena.getRows(dx, c.steps * c.batch, c.features)).toEqual(wanted);
      arena.release();
    }
  }
});

/** What a plan must know: after so many steps, the outputs that are due, when every output waits for `lead` more steps. */
const dueAfter = (steps: number, lead: number, stride: number) => Math.max(0, Math.ceil((steps - lead) / stride));

/** Streams x in chunks of 0 … longest steps; the first window waits for `lead` steps behind the first one. */
function stream(
  draw: Draw,
  x: Float32Array,
  average: number,
  c: Sizes,
  { reach, lead, room, longest }: { reach: number; lead: number; room: number; longest: number },
): Float32Array {
  const arena = new Arena(module);
  const xFloats = c.batch * quad(c.features);
  const capacity = reach - 1 + room;
  const state = arena.put(new Float32Array(4 + capacity * xFloats));
  const rows = arena.putRows(x, c.steps * c.batch, c.features);
  const parts: number[] = [];
  for (let from = 0; from < c.steps;) {
    const to = Math.min(c.steps, from + draw.integer(0, longest));
    const due = dueAfter(to, lead, c.stride) - dueAfter(from, lead, c.stride);
    const first = dueAfter(from, lead, c.stride) * c.stride + lead - from;
    const before = Math.min(from, reach - 1);
    const y = arena.allocate(due * xFloats);
    const window = [c.size, reach, c.stride, first, before, capacity];
    kernels.poolStream(state, rows + from * xFloats * 4, y, average, to - from, c.batch, c.features, ...window);
    parts.push(...arena.getRows(y, due * c.batch, c.features));
    from = to;
  }
  arena.release();
  return Float32Array.from(parts);
}

test('a stream of windows fed in any chunks equals the whole run, valid and causal', () => {
  const draw = new Draw(3);
  for (const size of [1, 2, 3, 6]) {
    for (const stride of [1, 2, 3, 7]) {
      for (const padding of [0, size - 1]) {
        const [batch, features, steps] = [draw.integer(1, 3), draw.integer(1, 9), 40];
        const lead = size - 1 - padding;
        const c = { batch, features, steps, size, stride, padding, outputSteps: dueAfter(steps, lead, stride) };
        const x = draw.floats(steps * batch * features);
        for (const average of [0, 1]) {
          const whole = pool(x, average, c);
          for (const room of [1, 5, 64]) {
            for (const longest of [1, 9, 40]) {
              expect(stream(draw, x, average, c, { reach: size, lead, room, longest })).toEqual(whole);
            }
          }
        }
      }
    }
  }
});

test('a window of one step that waits for more holds steps back: cropping on both sides', () => {
  const draw = new Draw(4);
  const [steps, left, right] = [30, 3, 5];
  const c = { batch: 2, features: 5, steps, size: 1, stride: 1, padding: 0, outputSteps: steps - left - right };
  const x = draw.floats(steps * 10);
  for (const longest of [1, 4, 30]) {
    const held = stream(draw, x, 0, c, { reach: right + 1, lead: left + right, room: 7, longest });
    expect(held).toEqual(x.slice(left * 10, (steps - right) * 10));
  }
});
