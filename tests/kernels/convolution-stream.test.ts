import { describe, expect, test } from 'vitest';
import { describeCase, drawCase, geometry, packCase, rooms, type Case, type Sizes } from './convolutions.js';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

/** How many output steps are due after so many input steps: what a plan must know of a stream. */
function dueAfter(c: Sizes, steps: number): number {
  const [up, down, lead] = geometry(c);
  return Math.max(0, up > 1 ? steps * up - c.padding : Math.ceil((steps - lead) / down));
}

/** The newest step of the first output that is due, counted from the next input step; and what is still to be cropped. */
function phaseAfter(c: Sizes, steps: number): [first: number, skip: number] {
  const [up, down, lead] = geometry(c);
  if (up > 1) return [0, Math.max(0, c.padding - steps * up)];
  return [dueAfter(c, steps) * down + lead - steps, 0];
}

const historyOf = (c: Sizes) => (Math.ceil(c.taps / geometry(c)[0]) - 1) * c.dilation;

/** The whole sequence at once, its first `dueAfter` steps. */
function whole(arena: Arena, c: Case, weights: { packed: number; bias: number }): Uint32Array {
  const { head, tail } = rooms(c);
  const stepFloats = c.batch * quad(c.inputs);
  const x = arena.allocate((head + c.steps + tail) * stepFloats);
  arena.view(x, (head + c.steps + tail) * stepFloats).fill(0);
  const values = arena.putRows(c.x, c.steps * c.batch, c.inputs);
  const first = x + head * stepFloats * 4;
  arena.view(first, c.steps * stepFloats).set(arena.view(values, c.steps * stepFloats));
  const yFloats = c.batch * quad(c.outputs);
  const y = arena.allocate(c.outputSteps * yFloats);
  const sizes = [c.outputSteps, c.batch, c.taps, c.dilation, ...geometry(c), c.inputs, c.outputs, c.groups];
  arena.module.kernels.convolution(first, weights.packed, weights.bias, y, ...sizes);
  return bits(arena, y, dueAfter(c, c.steps) * yFloats);
}

const bits = (arena: Arena, pointer: number, count: number) =>
  new Uint32Array(arena.module.memory.buffer, pointer, count).slice();

/** In chunks of 0 … longest steps. */
function streamed(
  arena: Arena,
  draw: Draw,
  c: Case,
  weights: { packed: number; bias: number },
  room: number,
  longest: number,
) {
  const [up, down] = geometry(c);
  const xFloats = c.batch * quad(c.inputs);
  const yFloats = c.batch * quad(c.outputs);
  const capacity = historyOf(c) + room;
  const state = arena.put(new Float32Array(4 + capacity * xFloats));
  const x = arena.putRows(c.x, c.steps * c.batch, c.inputs);
  const words: number[] = [];
  for (let from = 0; from < c.steps;) {
    const to = Math.min(c.steps, from + draw.integer(0, longest));
    const due = dueAfter(c, to) - dueAfter(c, from);
    const y = arena.allocate(due * yFloats);
    const sizes = [to - from, c.batch, c.taps, c.dilation, up, down, ...phaseAfter(c, from)];
    const at = x + from * xFloats * 4;
    const channels = [c.inputs, c.outputs, c.groups, capacity];
    arena.module.kernels.convolutionStream(state, at, weights.packed, weights.bias, y, ...sizes, ...channels);
    words.push(...bits(arena, y, due * yFloats));
    from = to;
  }
  return Uint32Array.from(words);
}

function expectStreamsEqualWhole(module: Module, c: Case, draw: Draw): number {
  let streams = 0;
  for (const room of [1, 5, Math.max(16, historyOf(c))]) {
    for (const longest of [1, 7, 2 * room]) {
      const arena = new Arena(module);
      const weights = packCase(arena, c);
      expect(streamed(arena, draw, c, weights, room, longest), describeCase(c)).toEqual(whole(arena, c, weights));
      arena.release();
      streams++;
    }
  }
  return streams;
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test('a stream fed in any chunks equals the whole run: strides, dilations, groups, causal and valid', () => {
    const draw = new Draw(1);
    let streams = 0;
    for (const [groups, inputs, outputs] of [
      [1, 1, 3],
      [1, 5, 9],
      [7, 7, 7],
      [3, 3, 6],
      [2, 6, 10],
    ] as const) {
      for (const [taps, dilation, stride] of [
        [1, 1, 1],
        [1, 1, 3],
        [3, 1, 1],
        [3, 3, 1],
        [2, 1, 2],
        [5, 1, 2],
        [2, 1, 5],
      ] as const) {
        for (const padding of [0, (taps - 1) * dilation]) {
          const batch = draw.integer(1, 4);
          const steps = 40;
          const outputSteps = Math.ceil((steps - (taps - 1) * dilation + padding) / stride);
          const channels = { groups, inputs, outputs, taps, dilation, stride };
          const sizes = { ...channels, batch, steps, padding, outputSteps, isTransposed: false };
          streams += expectStreamsEqualWhole(module, drawCase(draw, sizes), draw);
        }
      }
    }
    expect(streams).toBe(5 * 7 * 2 * 9);
  });

  test('a stream of a transposed convolution gives, in any chunks, all but what the end alone produces', () => {
    const draw = new Draw(2);
    for (const [taps, stride] of [
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 2],
      [5, 3],
      [3, 5],
    ] as const) {
      for (const padding of [0, 1, 3, 9]) {
        const [batch, steps] = [draw.integer(1, 4), 25];
        const outputSteps = (steps - 1) * stride + Math.max(taps, stride) - padding;
        const channels = { groups: 1, inputs: draw.integer(1, 9), outputs: draw.integer(1, 9) };
        const sizes = {
          ...channels,
          batch,
          steps,
          taps,
          dilation: 1,
          stride,
          padding,
          outputSteps,
          isTransposed: true,
        };
        expectStreamsEqualWhole(module, drawCase(draw, sizes), draw);
      }
    }
  });
});
