/**
 * Convolutions as the kernels' tests draw and check them. A convolution is bilinear: here it is the list of all pairs of an
 * output step and an input step that a tap joins, from its definition; everything else follows from that list.
 */
import { type Arena, type Draw, quad } from './load.js';

export interface Sizes {
  readonly batch: number;
  readonly steps: number;
  /** Features of the input and of the output. */
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly dilation: number;
  readonly stride: number;
  readonly groups: number;
  /** Steps padded before the input's first; of a transposed convolution: cropped before the output's first. */
  readonly padding: number;
  readonly isTransposed: boolean;
  readonly outputSteps: number;
}

/** Keras's number of output steps and left padding. */
export function padded(sizes: Omit<Sizes, 'outputSteps' | 'padding'>, padding: 'valid' | 'same' | 'causal'): Sizes {
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
export function transposed(sizes: Omit<Sizes, 'outputSteps' | 'padding' | 'isTransposed'>, crop: number): Sizes {
  const { steps, taps, dilation, stride } = sizes;
  const whole = Math.max(0, (steps - 1) * stride + Math.max((taps - 1) * dilation + 1, stride));
  const outputSteps = steps === 0 ? 0 : Math.max(0, whole - 2 * crop);
  return { ...sizes, isTransposed: true, padding: crop, outputSteps };
}

/** Output step `to` reads input step `from` through a tap. */
export interface Pair {
  readonly to: number;
  readonly from: number;
  readonly tap: number;
}

/** All pairs of steps that exist, those of an output step from the oldest input step on. */
export function pairsOf(c: Sizes): Pair[] {
  const pairs: Pair[] = [];
  for (let to = 0; to < c.outputSteps; to++) {
    for (let tap = 0; tap < c.taps; tap++) {
      const from = c.isTransposed
        ? (to - tap * c.dilation + c.padding) / c.stride
        : to * c.stride + tap * c.dilation - c.padding;
      if (Number.isInteger(from) && from >= 0 && from < c.steps) pairs.push({ to, from, tap });
    }
  }
  pairs.sort((a, b) => a.to - b.to || a.from - b.from);
  return pairs;
}

/** [steps, batch, inputs], [taps, inputs / groups, outputs], [outputs], all dense. */
export interface Case extends Sizes {
  readonly x: Float32Array;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

export function drawCase(draw: Draw, sizes: Sizes): Case {
  const { batch, steps, inputs, outputs, taps, groups } = sizes;
  return {
    ...sizes,
    x: draw.floats(steps * batch * inputs),
    weights: draw.floats((taps * inputs * outputs) / groups),
    bias: draw.floats(outputs),
  };
}

export function describeCase({ x: _x, weights: _weights, bias: _bias, ...sizes }: Case): string {
  return JSON.stringify(sizes);
}

/** One product of a convolution's sums: the indices of its input, weight and output. */
export function* termsOf(c: Sizes): Generator<{ x: number; w: number; y: number }> {
  const [inputsOfGroup, outputsOfGroup] = [c.inputs / c.groups, c.outputs / c.groups];
  for (const { to, from, tap } of pairsOf(c)) {
    for (let b = 0; b < c.batch; b++) {
      for (let k = 0; k < inputsOfGroup; k++) {
        for (let n = 0; n < c.outputs; n++) {
          const group = Math.floor(n / outputsOfGroup);
          yield {
            x: (from * c.batch + b) * c.inputs + group * inputsOfGroup + k,
            w: (tap * inputsOfGroup + k) * c.outputs + n,
            y: (to * c.batch + b) * c.outputs + n,
          };
        }
      }
    }
  }
}

/** The whole convolution as one float32 chain for each output, rounded after each operation: the summation law. */
export function oneChain(c: Case): Float32Array {
  const y = Float32Array.from({ length: c.outputSteps * c.batch * c.outputs }, (_, i) => c.bias[i % c.outputs]);
  for (const { x, w, y: at } of termsOf(c)) y[at] += Math.fround(c.x[x] * c.weights[w]);
  return y;
}

/** The bound of the rounding errors of sums of these terms in float32, whatever their order: one number for each sum. */
export function bound(magnitudes: ArrayLike<number>, terms: number): (index: number) => number {
  return (index) => magnitudes[index] * (terms + 1) * 2 ** -23;
}

/** The taps of the phases of a transposed convolution, from the oldest input step on; else all taps in order. */
export function tapOrder({ taps, stride, isTransposed }: Sizes): number[] {
  const up = isTransposed ? stride : 1;
  const order: number[] = [];
  for (let phase = 0; phase < up; phase++) {
    const ofPhase = Array.from({ length: taps }, (_, tap) => tap).filter((tap) => tap % up === phase);
    order.push(...(isTransposed ? ofPhase.reverse() : ofPhase));
  }
  return order;
}

/** The panels that convolution() wants. Those of the phases lie one behind the other. */
export function packCase(arena: Arena, c: Case): { packed: number; bias: number } {
  const { pack } = arena.module.kernels;
  const rows = c.inputs / c.groups;
  const up = c.isTransposed ? c.stride : 1;
  const packed = arena.allocate(c.taps * rows * quad(c.outputs));
  let [at, done] = [packed, 0];
  for (let phase = 0; phase < up; phase++) {
    const count = Math.ceil(Math.max(0, c.taps - phase) / up);
    const taps = tapOrder(c).slice(done, done + count);
    const weights = taps.flatMap((tap) => [
      ...c.weights.subarray(tap * rows * c.outputs, (tap + 1) * rows * c.outputs),
    ]);
    if (count > 0) pack(arena.put(weights), c.outputs * 4, at, count * rows, c.outputs, 1, 0);
    at += count * rows * quad(c.outputs) * 4;
    done += count;
  }
  const bias = arena.allocate(quad(c.outputs));
  pack(arena.put(c.bias), c.outputs * 4, bias, 1, c.outputs, 1, 0);
  return { packed, bias };
}

/** How convolution() is told what these sizes mean, from `up` on. */
export function geometry(c: Sizes): [up: number, down: number, lead: number, skip: number] {
  return c.isTransposed ? [c.stride, 1, 0, c.padding] : [1, c.stride, (c.taps - 1) * c.dilation - c.padding, 0];
}

/** Steps of the past, before a tensor's first, and behind its last, that convolution() reads. */
export function rooms(c: Sizes): { head: number; tail: number } {
  const [up, down, lead, skip] = geometry(c);
  const newest = Math.floor((c.outputSteps - 1 + skip) / up) * down + lead;
  const reach = (Math.ceil(c.taps / up) - 1) * c.dilation;
  const oldest = Math.floor(skip / up) * down + lead - reach;
  return { head: Math.max(0, -oldest), tail: Math.max(0, newest - (c.steps - 1)) };
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

/** Every grouping with every window, at several numbers of steps; transposed too where there is but one group. */
export function* allSizes(): Generator<Sizes> {
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
