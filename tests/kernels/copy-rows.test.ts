import { expect, test } from 'vitest';
import { Arena, Draw, load, quad } from './load.js';

const module = load();

/** A level of the copy: how many, and the floats from one to the next in the source and in the target. */
type Level = readonly [count: number, source: number, target: number];

interface Copy {
  readonly levels: readonly [Level, Level?, Level?];
  readonly width: number;
  readonly element?: number;
  readonly padding?: number;
  readonly accumulate?: number;
}

/** Strides are given in floats, addresses are moved by so many. */
function copyRows(source: number, target: number, copy: Copy): void {
  const { levels, width, element = 1, padding = 0, accumulate = 0 } = copy;
  const [first, second = [1, 0, 0], third = [1, 0, 0]] = levels;
  const bytes = [first, second, third].flatMap(([count, from, to]) => [count, from * 4, to * 4]);
  module.kernels.copyRows(source, target, ...bytes, width, element * 4, padding, accumulate);
}

test('copies, or adds, what the strides say, and nothing beside it', () => {
  const draw = new Draw(1);
  for (let i = 0; i < 300; i++) {
    const arena = new Arena(module);
    const counts = [draw.integer(0, 4), draw.integer(1, 4), draw.integer(1, 4)];
    const width = draw.integer(0, 19);
    const padding = draw.integer(0, 3);
    const element = draw.uniform() < 0.5 ? 1 : draw.integer(-3, 7);
    // The target's rows lie side by side, with gaps; the source's anywhere, some of them backward.
    const row = width + padding + draw.integer(0, 2);
    const targets = [row * counts[2] * counts[1], row * counts[2], row];
    const sources = counts.map(() => draw.integer(-20, 20));
    const reach = sources.reduce((sum, stride, n) => sum + Math.abs(stride) * counts[n], Math.abs(element) * width);
    const source = draw.floats(2 * reach + 1);
    const target = draw.floats(Math.max(1, targets[0] * counts[0]));
    const accumulate = i % 2;

    const wanted = target.slice();
    for (let a = 0; a < counts[0]; a++) {
      for (let b = 0; b < counts[1]; b++) {
        for (let c = 0; c < counts[2]; c++) {
          const from = reach + a * sources[0] + b * sources[1] + c * sources[2];
          const to = a * targets[0] + b * targets[1] + c * targets[2];
          for (let n = 0; n < width; n++)
            wanted[to + n] = source[from + n * element] + (accumulate ? target[to + n] : 0);
          if (!accumulate) wanted.fill(0, to + width, to + width + padding);
        }
      }
    }

    const at = arena.put(target);
    const levels = counts.map((count, n) => [count, sources[n], targets[n]]) as unknown as Copy['levels'];
    copyRows(arena.put(source) + reach * 4, at, { levels, width, element, padding, accumulate });
    expect(arena.get(at, target.length)).toEqual(wanted);
    arena.release();
  }
});

/** A tensor [steps, batch, features] and its values by time step, row and feature. */
function tensor(arena: Arena, draw: Draw, steps: number, batch: number, features: number) {
  const values = draw.floats(steps * batch * features);
  const rows = arena.putRows(values, steps * batch, features);
  return { rows, value: (t: number, b: number, f: number) => values[(t * batch + b) * features + f] };
}

const shapes = [
  [1, 1, 1],
  [3, 2, 5],
  [4, 3, 4],
  [5, 1, 9],
  [2, 4, 3],
  [0, 2, 3],
] as const;

test('joins features of two tensors, and takes their gradients apart', () => {
  const draw = new Draw(2);
  for (const [steps, batch, features] of shapes) {
    const arena = new Arena(module);
    const [a, b] = [tensor(arena, draw, steps, batch, features), tensor(arena, draw, steps, batch, 6)];
    const total = features + 6;
    const joined = arena.allocate(steps * batch * quad(total));
    const rows = steps * batch;
    copyRows(a.rows, joined, { levels: [[rows, quad(features), quad(total)]], width: features });
    const second = { levels: [[rows, 8, quad(total)]], width: 6, padding: quad(total) - total } as const;
    copyRows(b.rows, joined + features * 4, second);
    const found = arena.getRows(joined, rows, total);
    for (const [i, value] of found.entries()) {
      const [row, f] = [Math.floor(i / total), i % total];
      const [t, n] = [Math.floor(row / batch), row % batch];
      expect(value).toBe(f < features ? a.value(t, n, f) : b.value(t, n, f - features));
    }
    const db = arena.putRows(new Float32Array(rows * 6).fill(1), rows, 6);
    copyRows(joined + features * 4, db, { levels: [[rows, quad(total), 8]], width: 6, accumulate: 1 });
    for (const [i, value] of arena.getRows(db, rows, 6).entries()) {
      expect(value).toBe(Math.fround(1 + found[Math.floor(i / 6) * total + features + (i % 6)]));
    }
    arena.release();
  }
});

test('flattens time into features and back, and exchanges the two', () => {
  const draw = new Draw(3);
  for (const [steps, batch, features] of shapes) {
    const arena = new Arena(module);
    const { rows, value } = tensor(arena, draw, steps, batch, features);
    const wide = steps * features;
    const flat = arena.allocate(batch * quad(wide));
    const flatten: Copy = {
      levels: [
        [steps, batch * quad(features), features],
        [batch, quad(features), quad(wide)],
      ],
      width: features,
      // Written behind each step's part: the next step's covers it, the last one's stays.
      padding: quad(wide) - wide,
    };
    copyRows(rows, flat, flatten);
    for (const [i, found] of arena.getRows(flat, batch, wide).entries()) {
      const [b, column] = [Math.floor(i / wide), i % wide];
      expect(found).toBe(value(Math.floor(column / features), b, column % features));
    }
    const back = arena.allocate(steps * batch * quad(features));
    copyRows(flat, back, {
      levels: [
        [steps, features, batch * quad(features)],
        [batch, quad(wide), quad(features)],
      ],
      width: features,
      padding: quad(features) - features,
    });
    expect(arena.getRows(back, steps * batch, features)).toEqual(arena.getRows(rows, steps * batch, features));

    const turned = arena.allocate(features * batch * quad(steps));
    copyRows(rows, turned, {
      levels: [
        [features, 1, batch * quad(steps)],
        [batch, quad(features), quad(steps)],
      ],
      width: steps,
      element: batch * quad(features),
      padding: quad(steps) - steps,
    });
    for (const [i, found] of arena.getRows(turned, features * batch, steps).entries()) {
      const row = Math.floor(i / steps);
      expect(found).toBe(value(i % steps, row % batch, Math.floor(row / batch)));
    }
    arena.release();
  }
});

test('repeats steps and sums what was repeated, in turn, and turns time round', () => {
  const draw = new Draw(4);
  for (const [steps, batch, features] of shapes) {
    const arena = new Arena(module);
    const { rows, value } = tensor(arena, draw, steps, batch, features);
    const step = batch * quad(features);
    const repeated = arena.allocate(3 * steps * step);
    copyRows(rows, repeated, {
      levels: [
        [steps, step, 3 * step],
        [3, 0, step],
      ],
      width: step,
    });
    const sums = arena.put(new Float32Array(steps * step));
    copyRows(repeated, sums, {
      levels: [
        [steps, 3 * step, step],
        [3, step, 0],
      ],
      width: step,
      accumulate: 1,
    });
    const found = arena.getRows(sums, steps * batch, features);
    for (const [i, sum] of found.entries()) {
      const row = Math.floor(i / features);
      const once = value(Math.floor(row / batch), row % batch, i % features);
      expect(sum).toBe(Math.fround(Math.fround(once + once) + once));
    }

    const reversed = arena.allocate(steps * step);
    copyRows(rows, reversed + (steps - 1) * step * 4, { levels: [[steps, step, -step]], width: step });
    const backward = arena.allocate(steps * step);
    module.kernels.reverseTime(rows, backward, steps, step * 4, 0);
    expect(arena.get(reversed, steps * step)).toEqual(arena.get(backward, steps * step));
    arena.release();
  }
});

test('brings kernels into the order in which a convolution reads them', () => {
  const arena = new Arena(module);
  const draw = new Draw(5);
  // Conv1DTranspose, [taps, filters, features]: phase by phase, from the last tap on, [features, filters].
  const [taps, filters, features, stride] = [5, 3, 7, 2];
  const kernel = draw.floats(taps * filters * features);
  const source = arena.put(kernel);
  const target = arena.allocate(kernel.length);
  const size = filters * features;
  let done = 0;
  const order: number[] = [];
  for (let phase = 0; phase < stride; phase++) {
    const count = Math.ceil((taps - phase) / stride);
    const last = phase + (count - 1) * stride;
    copyRows(source + last * size * 4, target + done * size * 4, {
      levels: [
        [count, -stride * size, size],
        [features, 1, filters],
      ],
      width: filters,
      element: features,
    });
    for (let tap = last; tap >= 0; tap -= stride) order.push(tap);
    done += count;
  }
  for (const [i, value] of arena.get(target, kernel.length).entries()) {
    const [row, filter] = [Math.floor(i / filters), i % filters];
    expect(value).toBe(kernel[(order[Math.floor(row / features)] * filters + filter) * features + (row % features)]);
  }

  // Groups, [taps, inputs / groups, outputs], for the gradient of the input: [taps, outputs / groups, inputs].
  const [groups, inputsOfGroup, outputsOfGroup] = [3, 2, 4];
  const grouped = draw.floats(taps * inputsOfGroup * groups * outputsOfGroup);
  const [inputs, outputs] = [groups * inputsOfGroup, groups * outputsOfGroup];
  const turned = arena.allocate(grouped.length);
  copyRows(arena.put(grouped), turned, {
    levels: [
      [taps, inputsOfGroup * outputs, outputsOfGroup * inputs],
      [outputsOfGroup, 1, inputs],
      [groups, outputsOfGroup, inputsOfGroup],
    ],
    width: inputsOfGroup,
    element: outputs,
  });
  for (const [i, value] of arena.get(turned, grouped.length).entries()) {
    const [row, input] = [Math.floor(i / inputs), i % inputs];
    const [tap, n] = [Math.floor(row / outputsOfGroup), row % outputsOfGroup];
    const [group, k] = [Math.floor(input / inputsOfGroup), input % inputsOfGroup];
    expect(value).toBe(grouped[(tap * inputsOfGroup + k) * outputs + group * outputsOfGroup + n]);
  }
  arena.release();
});
