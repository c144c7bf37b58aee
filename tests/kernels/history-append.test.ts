/** A stream's history, as the causal convolution uses it: little room and ample, chunks of any length. */
import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

interface Sizes {
  readonly batch: number;
  readonly taps: number;
  readonly dilation: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly steps: number;
}

interface Convolution extends Sizes {
  readonly history: number;
  /** Floats of one step. */
  readonly xStep: number;
  readonly yStep: number;
  readonly packed: number;
  readonly bias: number;
  /** [steps, batch, inputs], behind `history` steps of zeros. */
  readonly x: number;
  /** What the whole sequence gives, as bits. */
  readonly whole: Uint32Array;
}

/** Draws a convolution and runs it over the whole sequence at once. */
function convolution(arena: Arena, draw: Draw, sizes: Sizes): Convolution {
  const { batch, taps, dilation, inputs, outputs, steps } = sizes;
  const { pack, product } = arena.module.kernels;
  const history = (taps - 1) * dilation;
  const [xStep, yStep] = [batch * quad(inputs), batch * quad(outputs)];

  const packed = arena.allocate(taps * inputs * quad(outputs));
  pack(arena.put(draw.floats(taps * inputs * outputs)), outputs * 4, packed, taps * inputs, outputs, 1, 0);
  const bias = arena.allocate(quad(outputs));
  pack(arena.put(draw.floats(outputs)), outputs * 4, bias, 1, outputs, 1, 0);

  const padded = arena.allocate((history + steps) * xStep);
  const values = arena.putRows(draw.floats(steps * batch * inputs), steps * batch, inputs);
  arena.view(padded, history * xStep).fill(0);
  const x = padded + history * xStep * 4;
  arena.view(x, steps * xStep).set(arena.view(values, steps * xStep));

  const y = arena.allocate(steps * yStep);
  const strides = [quad(inputs) * 4, quad(outputs) * 4] as const;
  product(padded, strides[0], packed, bias, y, strides[1], steps * batch, taps, dilation * xStep * 4, inputs, outputs);
  return { ...sizes, history, xStep, yStep, packed, bias, x, whole: bits(arena, y, steps * yStep) };
}

/** A fresh state: all zeros. */
function freshState(arena: Arena, { xStep }: Convolution, capacity: number): number {
  return arena.put(new Float32Array(4 + capacity * xStep));
}

/** Streams steps from … to − 1 of a convolution, and gives their outputs as bits. */
function stream(arena: Arena, c: Convolution, state: number, capacity: number, from: number, to: number): Uint32Array {
  const y = arena.allocate((to - from) * c.yStep);
  const x = c.x + from * c.xStep * 4;
  const sizes = [to - from, c.batch, c.taps, c.dilation, 1, 1, 0, 0, c.inputs, c.outputs, 1, capacity] as const;
  arena.module.kernels.convolutionStream(state, x, c.packed, c.bias, y, ...sizes);
  return bits(arena, y, (to - from) * c.yStep);
}

function bits(arena: Arena, pointer: number, count: number): Uint32Array {
  return new Uint32Array(arena.module.memory.buffer, pointer, count).slice();
}

/** Cuts a sequence into chunks of 0 … longest steps. */
function* chunks(draw: Draw, steps: number, longest: number): Generator<readonly [number, number]> {
  for (let from = 0; from < steps;) {
    const to = Math.min(steps, from + draw.integer(0, longest));
    yield [from, to];
    from = to;
  }
}

/** One step at a time and chunks of many lengths, in states with little and with ample room. */
function expectStreamsEqualWhole(module: Module, sizes: Sizes, seed: number): number {
  const draw = new Draw(seed);
  let streams = 0;
  for (const room of [1, 5, Math.max(64, (sizes.taps - 1) * sizes.dilation)]) {
    for (const longest of [1, 7, 2 * room]) {
      const arena = new Arena(module);
      const c = convolution(arena, draw, sizes);
      const capacity = c.history + room;
      const state = freshState(arena, c, capacity);
      const streamed: Uint32Array[] = [];
      for (const [from, to] of chunks(draw, c.steps, longest)) {
        streamed.push(stream(arena, c, state, capacity, from, to));
      }
      expect(Buffer.compare(Buffer.concat(streamed.map(bytes)), bytes(c.whole))).toBe(0);
      arena.release();
      streams++;
    }
  }
  return streams;
}

const bytes = (words: Uint32Array) => Buffer.from(words.buffer, words.byteOffset, words.byteLength);

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test('a stream fed in any chunks equals the whole run, to the last bit, at every size', () => {
    let streams = 0;
    let seed = 1;
    for (const batch of [1, 2, 3]) {
      for (const [taps, dilation] of [
        [1, 1],
        [2, 1],
        [2, 4],
        [3, 3],
        [5, 2],
      ] as const) {
        for (const [inputs, outputs] of [
          [1, 1],
          [1, 16],
          [3, 5],
          [8, 8],
          [16, 2],
          [5, 27],
        ] as const) {
          streams += expectStreamsEqualWhole(module, { batch, taps, dilation, inputs, outputs, steps: 75 }, seed++);
        }
      }
    }
    expect(streams).toBe(3 * 5 * 6 * 9);
  });

  test.each([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])('dilation %i streams as it runs', (dilation) => {
    const sizes = { batch: 1, taps: 3, dilation, inputs: 4, outputs: 8, steps: 2 * dilation * 2 + 100 };
    expect(expectStreamsEqualWhole(module, sizes, dilation)).toBe(9);
  });

  test('a state is plain bytes: copied elsewhere, it continues as the original does', () => {
    const arena = new Arena(module);
    const c = convolution(arena, new Draw(1), { batch: 2, taps: 3, dilation: 8, inputs: 3, outputs: 6, steps: 120 });
    const capacity = c.history + 64;
    const state = freshState(arena, c, capacity);
    stream(arena, c, state, capacity, 0, 70);
    const copy = arena.put(arena.view(state, 4 + capacity * c.xStep));
    const rest = c.whole.subarray(70 * c.yStep);
    expect(stream(arena, c, copy, capacity, 70, 120)).toEqual(rest);
    expect(stream(arena, c, state, capacity, 70, 120)).toEqual(rest);
    arena.release();
  });

  test('historyAppend keeps the last steps before the new ones, and moves them once in as many steps as there is room', () => {
    const arena = new Arena(module);
    const { historyAppend } = module.kernels;
    for (const [history, capacity, floats] of [
      [0, 1, 4],
      [0, 3, 4],
      [1, 2, 8],
      [5, 9, 4],
      [7, 30, 12],
    ] as const) {
      const state = arena.put(new Float32Array(4 + capacity * floats));
      const seen = new Float32Array((history + 120) * floats); // zeros, then all that was appended
      const draw = new Draw(capacity);
      let [time, moves, previous] = [0, 0, 0];
      while (time < 90) {
        const steps = draw.integer(0, capacity - history);
        const values = draw.floats(steps * floats);
        seen.set(values, (history + time) * floats);
        const appended = historyAppend(state, arena.put(values), steps, floats * 4, history, capacity);
        time += steps;

        const expected = seen.subarray((time - steps) * floats, (history + time) * floats);
        expect(arena.get(appended - history * floats * 4, (history + steps) * floats)).toEqual(expected);
        expect(appended).toBeGreaterThanOrEqual(state + 16 + history * floats * 4);
        expect(appended + steps * floats * 4).toBeLessThanOrEqual(state + 16 + capacity * floats * 4);
        if (appended < previous) moves++;
        previous = appended;
      }
      // A chunk that does not fit leaves room unused: at least half of the room is used before each move.
      expect(moves).toBeLessThanOrEqual(time / Math.max(1, (capacity - history) / 2));
    }
    arena.release();
  });
});
