/**
 * The tests of the three recurrent kernels, which differ in their cells alone, against the float64 reference: a kernel's
 * own file says how it is called, and tests what only it does. Here sequences are dense and [time, batch, …].
 */
import { describe, expect, test } from 'vitest';
import type { ActivationName } from '../reference/activations.js';
import { relativeError } from '../reference/central-differences.js';
import type { AnyPass, Gradients } from '../reference/pass.js';
import {
  addToRows,
  matmul,
  sumOfRows,
  tensor,
  transpose,
  type Mask,
  type Tensor,
  type Tensors,
} from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

export interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly units: number;
}

/** Units around the blocks of four and panels of eight, with every batch around the tiles of four; lengths in turn. */
export function* allSizes(): Generator<Sizes> {
  for (let units = 1; units <= 70; units++) {
    for (let batch = 1; batch <= 9; batch++) yield { steps: (units + 3 * batch) % 8, batch, units };
  }
}
export const sizesCount = 70 * 9;

/** The activations by the kernels' codes. */
export const activationCodes = [
  'linear',
  'relu',
  'tanh',
  'sigmoid',
  'hardSigmoid',
  'hardSigmoidLegacy',
  'relu6',
  'elu',
  'selu',
  'softplus',
  'softsign',
  'exponential',
] as const satisfies ActivationName[];
export type Activation = (typeof activationCodes)[number];
export const codeOf = (name: Activation) => activationCodes.indexOf(name);

/** A layer and its inputs. */
export interface Problem extends Sizes {
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  /** Gates of the layer. */
  readonly gates: number;
  readonly x: Float32Array;
  readonly kernel: Float32Array;
  readonly recurrentKernel: Float32Array;
  readonly bias: Float32Array;
  /** Of a GRU that resets after its product; not used by others. */
  readonly recurrentBias: Float32Array;
  /** [batch, units] each. */
  readonly states: readonly Float32Array[];
  readonly mask: Float32Array | undefined;
}

export const features = 3;

/** 'final state': the sequence is not asked for, and h comes back empty. */
export type Mode = 'inference' | 'in place' | 'final state' | 'training';

export interface Results {
  readonly h: Float32Array;
  /** The final states. */
  readonly states: readonly Float32Array[];
}

/** One of the kernels. Kept: the addresses of what training keeps for the way back. */
export interface Cell<Kept> {
  readonly gates: number;
  /** How many states it has. */
  readonly states: number;
  run(arena: Arena, problem: Problem, mode: Mode): Results & { readonly kept: Kept };
  /** From the gradients of h (or none) and of the final states; those of x come from dz, outside of the kernel. */
  backward(
    arena: Arena,
    problem: Problem,
    forward: Results & { readonly kept: Kept },
    dOut: Float32Array | undefined,
    dStates: readonly Float32Array[],
  ): Gradients<Tensors>;
  /** The layer with returnSequences. */
  reference(problem: Problem, inputs: Tensors, mask: Mask | undefined): AnyPass;
}

export function drawProblem(
  draw: Draw,
  sizes: Sizes,
  { gates, states }: { readonly gates: number; readonly states: number },
  activation: Activation = 'tanh',
  recurrentActivation: Activation = 'sigmoid',
): Problem {
  const { steps, batch, units } = sizes;
  return {
    ...sizes,
    activation,
    recurrentActivation,
    gates,
    x: draw.floats(steps * batch * features),
    kernel: draw.floats(features * gates * units, 0.8),
    recurrentKernel: draw.floats(units * gates * units, 1 / Math.sqrt(units)),
    bias: draw.floats(gates * units, 0.5),
    recurrentBias: draw.floats(gates * units, 0.5),
    states: Array.from({ length: states }, () => draw.floats(batch * units, 0.8)),
    mask: drawMask(draw, sizes),
  };
}

/** A mask, or none: some rows are masked throughout, some begin with masked steps, some have them in between. */
function drawMask(draw: Draw, { steps, batch }: Sizes): Float32Array | undefined {
  if (draw.uniform() < 0.3) return undefined;
  const mask = new Float32Array(steps * batch);
  for (let b = 0; b < batch; b++) {
    const first = draw.uniform() < 0.2 ? steps : draw.integer(0, 2);
    for (let t = first; t < steps; t++) mask[t * batch + b] = draw.uniform() < 0.7 ? 1 : 0;
  }
  return mask;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** 0 … length, cut at random. */
export function drawSpans(draw: Draw, length: number): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < length;) {
    const end = draw.integer(start + 1, length);
    spans.push({ start, end });
    start = end;
  }
  return spans;
}

/** Some steps and rows of a sequence. */
export function part(values: Float32Array, width: number, batch: number, steps: Span, rows: Span): Float32Array {
  const taken: number[] = [];
  for (let t = steps.start; t < steps.end; t++) {
    taken.push(...values.subarray((t * batch + rows.start) * width, (t * batch + rows.end) * width));
  }
  return Float32Array.from(taken);
}

/** Some steps and rows of a problem. */
export function partOf(problem: Problem, steps: Span, rows: Span): Problem {
  const { batch, units, mask } = problem;
  return {
    ...problem,
    steps: steps.end - steps.start,
    batch: rows.end - rows.start,
    x: part(problem.x, features, batch, steps, rows),
    states: problem.states.map((state) => state.slice(rows.start * units, rows.end * units)),
    mask: mask && part(mask, 1, batch, steps, rows),
  };
}

/** bias + x·W for all rows: where the kernels begin. */
export function preActivations({ x, kernel, bias }: Pick<Problem, 'x' | 'kernel' | 'bias'>): Float32Array {
  const width = bias.length;
  const product = matmul(matrix(x, features), matrix(kernel, width));
  return Float32Array.from(addToRows(product, tensor([width], bias)).data);
}

// Between the kernels and the reference.

export function matrix(values: ArrayLike<number>, columns: number): Tensor {
  return tensor([values.length / columns, columns], values);
}

/** [time, batch, width] → [batch, time, width], and with the sizes exchanged the inverse. */
export function exchangeAxes(values: ArrayLike<number>, steps: number, batch: number, width: number): Tensor {
  const exchanged = tensor([batch, steps, width], new Float64Array(values.length));
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      for (let f = 0; f < width; f++) exchanged.data[(b * steps + t) * width + f] = values[(t * batch + b) * width + f];
    }
  }
  return exchanged;
}

/** The problem's inputs as the reference takes them: x and the states, the mask. */
export function referenceInputs({ steps, batch, units, x, states, mask }: Problem): {
  readonly inputs: readonly Tensor[];
  readonly mask: Mask | undefined;
} {
  const atStep = (b: number) => (_: unknown, t: number) => mask?.[t * batch + b] === 1;
  return {
    inputs: [exchangeAxes(x, steps, batch, features), ...states.map((state) => matrix(state, units))],
    mask: mask && Array.from({ length: batch }, (_, b) => Array.from({ length: steps }, atStep(b))),
  };
}

/** What follows from the gradient of the pre-activations, in float64 as the plan does it in float32. */
export function inputGradients({ steps, batch, x, kernel, bias }: Problem, dz: Float32Array) {
  const rows = matrix(dz, bias.length);
  return {
    x: exchangeAxes(matmul(rows, transpose(matrix(kernel, bias.length))).data, steps, batch, features),
    kernel: matmul(transpose(matrix(x, features)), rows),
    bias: sumOfRows(rows),
  };
}

/** h_{t−1} for all rows of h_t, as a matrix: the initial states, then all steps but the last. */
export function previousStates({ units, states }: Problem, h: Float32Array): Tensor {
  return matrix(Float32Array.of(...states[0], ...h).slice(0, h.length), units);
}

/** The rows of a gradient where the mask is 0 hold nothing but +0. */
export function expectMaskedRowsZero(values: Float32Array, { steps, batch, mask }: Problem): void {
  const width = values.length / (steps * batch);
  for (const [row, valid] of mask?.entries() ?? []) {
    if (valid) continue;
    expect(values.subarray(row * width, (row + 1) * width).every((value) => Object.is(value, 0))).toBe(true);
  }
}

// The kernels' layouts.

/** Where the columns of a dense row lie in a kernel's row. */
export interface Layout {
  readonly columns: readonly number[];
  readonly width: number;
}

/** Gates in blocks of four units; then, for a GRU, one more in plain order. */
export function layout(units: number, interleaved: number, plain = 0): Layout {
  const columns: number[] = [];
  for (let gate = 0; gate < interleaved; gate++) {
    for (let u = 0; u < units; u++) columns.push((u >> 2) * 4 * interleaved + gate * 4 + (u & 3));
  }
  for (let gate = 0; gate < plain; gate++) {
    for (let u = 0; u < units; u++) columns.push((interleaved + gate) * quad(units) + u);
  }
  return { columns, width: (interleaved + plain) * quad(units) };
}

/** Room for a sequence of states, or 0 where none is wanted. */
export function sequenceFor(arena: Arena, { steps, batch, units }: Problem, wanted: boolean): number {
  return wanted ? arena.allocate(steps * batch * quad(units)) : 0;
}

/** Dense rows in a kernel's layout. All other lanes hold NaN, so that nothing can lean on them. */
export function scatter(arena: Arena, dense: Float32Array, { columns, width }: Layout): number {
  const rows = dense.length / columns.length;
  const values = new Float32Array(rows * width).fill(NaN);
  for (let r = 0; r < rows; r++) {
    for (const [j, column] of columns.entries()) values[r * width + column] = dense[r * columns.length + j];
  }
  return arena.put(values);
}

/** The inverse; nothing from address 0. Lanes that no column owns must hold +0, unless anything may be there. */
export function gather(
  arena: Arena,
  pointer: number,
  rows: number,
  { columns, width }: Layout,
  padding: 'zero' | 'any' = 'zero',
): Float32Array {
  if (pointer === 0) return new Float32Array();
  const values = arena.get(pointer, rows * width);
  const dense = new Float32Array(rows * columns.length);
  for (let r = 0; r < rows; r++) {
    for (const [j, column] of columns.entries()) {
      dense[r * columns.length + j] = values[r * width + column];
      values[r * width + column] = 0;
    }
  }
  if (padding === 'zero' && !values.every((value) => Object.is(value, 0))) {
    throw new Error('a padding lane does not hold +0');
  }
  return dense;
}

/** Columns from … to of a recurrent kernel [units, all gates], packed as so many gates. */
export function packed(arena: Arena, { recurrentKernel, units, gates }: Problem, from: number, to: number): number {
  const panels = arena.allocate(units * (to - from) * quad(units));
  const source = arena.put(recurrentKernel) + from * units * 4;
  arena.module.kernels.pack(source, gates * units * 4, panels, units, units, to - from, 0);
  return panels;
}

/** The same, transposed. */
export function packedTransposed(
  arena: Arena,
  { recurrentKernel, units, gates }: Problem,
  from: number,
  to: number,
): number {
  const panels = arena.allocate(quad(units) * (to - from) * quad(units));
  const source = arena.put(recurrentKernel) + from * units * 4;
  arena.module.kernels.packTransposed(source, gates * units * 4, panels, units, units, to - from);
  return panels;
}

/** The mask's address, or 0 for none. */
export function maskAt(arena: Arena, { mask }: Problem): number {
  return mask ? arena.put(mask) : 0;
}

/** The exported activation of some values. */
export function activated(arena: Arena, name: Activation, values: Float32Array): Float32Array {
  const pointer = arena.putRows(values, 1, values.length);
  arena.module.kernels.activate(codeOf(name), pointer, pointer, 1, values.length);
  return arena.getRows(pointer, 1, values.length);
}

function forwardError(cell: Cell<unknown>, problem: Problem, { h, states }: Results): number {
  const { steps, batch, units } = problem;
  const { inputs, mask } = referenceInputs(problem);
  const ours = [exchangeAxes(h, steps, batch, units), ...states.map((state) => matrix(state, units))];
  return relativeError(ours, cell.reference(problem, inputs, mask).outputs, 1);
}

/** Forwards, and backwards from random gradients of the results. */
function backwardError<Kept>(cell: Cell<Kept>, arena: Arena, problem: Problem, draw: Draw): number {
  const { steps, batch, units } = problem;
  const { inputs, mask } = referenceInputs(problem);
  const dOut = draw.uniform() < 0.8 ? draw.floats(steps * batch * units) : undefined;
  const dStates = problem.states.map(({ length }) => draw.floats(length));
  const ours = cell.backward(arena, problem, cell.run(arena, problem, 'training'), dOut, dStates);
  const theirs = cell
    .reference(problem, inputs, mask)
    .backward([dOut && exchangeAxes(dOut, steps, batch, units), ...dStates.map((state) => matrix(state, units))]);
  return relativeError([...ours.inputs, ...ours.weights], [...theirs.inputs, ...theirs.weights], 1);
}

/** The same numbers to the last bit. (toStrictEqual takes several times as long as the kernels and their reference.) */
function expectSameBits(actual: Results, expected: Results): void {
  const bytes = ({ h, states }: Results) => [h, ...states].map((values) => Buffer.from(values.buffer));
  const [ours, theirs] = [bytes(actual), bytes(expected)];
  expect(ours.map((one, i) => one.equals(theirs[i]))).toStrictEqual(theirs.map(() => true));
}

/** What holds for every cell. */
export function testRecurrentKernels<Kept>(name: string, cell: Cell<Kept>): void {
  describe.each(trainingBuilds)(`the ${name} of %s`, (build) => {
    const arena = new Arena(load(build));

    test('agrees with float64; in place, without the sequence and for training it gives the same bits', () => {
      const draw = new Draw(1);
      let worst = 0;
      let cases = 0;
      for (const sizes of allSizes()) {
        const problem = drawProblem(draw, sizes, cell);
        const results = cell.run(arena, problem, 'inference');
        worst = Math.max(worst, forwardError(cell, problem, results));
        expectSameBits(cell.run(arena, problem, 'in place'), results);
        expectSameBits({ ...results, states: cell.run(arena, problem, 'final state').states }, results);
        expectSameBits(cell.run(arena, problem, 'training'), results);
        arena.release();
        cases++;
      }
      expect(worst).toBeLessThan(1e-6);
      expect(cases).toBe(sizesCount);
    });

    test('has the gradients of float64; they are 0 in masked rows and padding', () => {
      const draw = new Draw(2);
      let worst = 0;
      let cases = 0;
      for (const sizes of allSizes()) {
        worst = Math.max(worst, backwardError(cell, arena, drawProblem(draw, sizes, cell), draw));
        arena.release();
        cases++;
      }
      expect(worst).toBeLessThan(2e-6);
      expect(cases).toBe(sizesCount);
    });

    test.each(activationCodes)('agrees with float64 for %s beside any recurrent activation', (activation) => {
      const draw = new Draw(3 + codeOf(activation));
      let cases = 0;
      for (const recurrentActivation of activationCodes) {
        const sizes = { steps: 2, batch: 3, units: draw.integer(1, 9) };
        const drawn = drawProblem(draw, sizes, cell, activation, recurrentActivation);
        // Small enough that the exponential of an exponential is a number.
        const small = (values: Float32Array) => values.map((value) => value * 0.25);
        const problem = { ...drawn, x: small(drawn.x), bias: small(drawn.bias), states: drawn.states.map(small) };
        const results = cell.run(arena, problem, 'inference');
        expect(forwardError(cell, problem, results), recurrentActivation).toBeLessThan(1e-5);
        expect(backwardError(cell, arena, problem, draw), recurrentActivation).toBeLessThan(1e-5);
        expectSameBits(cell.run(arena, problem, 'training'), results);
        arena.release();
        cases++;
      }
      expect(cases).toBe(12);
    });

    test('in chunks of any lengths gives the bits of the whole sequence', () => {
      const draw = new Draw(20);
      for (let repeat = 0; repeat < 100; repeat++) {
        const sizes = { steps: draw.integer(1, 12), batch: draw.integer(1, 9), units: draw.integer(1, 40) };
        const problem = drawProblem(draw, sizes, cell);
        const h: number[] = [];
        let states = problem.states;
        for (const steps of drawSpans(draw, sizes.steps)) {
          const chunk = { ...partOf(problem, steps, { start: 0, end: sizes.batch }), states };
          const results = cell.run(arena, chunk, 'in place');
          h.push(...results.h);
          states = results.states;
        }
        expectSameBits({ h: Float32Array.from(h), states }, cell.run(arena, problem, 'inference'));
        arena.release();
      }
    });

    test('for any part of a batch gives the bits of the whole batch', () => {
      const draw = new Draw(21);
      for (let repeat = 0; repeat < 100; repeat++) {
        const sizes = { steps: draw.integer(1, 7), batch: draw.integer(1, 13), units: draw.integer(1, 40) };
        const problem = drawProblem(draw, sizes, cell);
        const whole = cell.run(arena, problem, 'inference');
        const steps = { start: 0, end: sizes.steps };
        for (const rows of drawSpans(draw, sizes.batch)) {
          const ofRows = (values: Float32Array, steps: Span) => part(values, sizes.units, sizes.batch, steps, rows);
          expectSameBits(cell.run(arena, partOf(problem, steps, rows), 'inference'), {
            h: ofRows(whole.h, steps),
            states: whole.states.map((state) => ofRows(state, { start: 0, end: 1 })),
          });
        }
        arena.release();
      }
    });

    test('does not look at the inputs of a masked row, and repeats its state', () => {
      const problem = drawProblem(new Draw(22), { steps: 3, batch: 2, units: 5 }, cell);
      const x = problem.x.slice().fill(NaN, 0, features);
      const { h } = cell.run(arena, { ...problem, x, mask: Float32Array.of(0, 1, 1, 1, 0, 1) }, 'training');
      expect(h.slice(0, 5)).toStrictEqual(problem.states[0].slice(0, 5));
      expect(h.slice(20, 25)).toStrictEqual(h.slice(10, 15));
      expect(h.every(Number.isFinite)).toBe(true);
      arena.release();
    });

    test('stores states below 2⁻¹⁰⁰ as +0, even without a step', () => {
      const problem = drawProblem(new Draw(23), { steps: 0, batch: 1, units: 3 }, cell);
      const initial = problem.states.map(() => Float32Array.of(7e-31, -7e-31, 8e-31));
      const { states } = cell.run(arena, { ...problem, states: initial }, 'inference');
      for (const state of states) expect(state).toStrictEqual(Float32Array.of(0, 0, 8e-31));
      arena.release();
    });
  });
}
