import { describe, expect, test } from 'vitest';
import { allSizes, bound, describeCase, drawCase, padded, pairsOf, termsOf, type Case } from './convolutions.js';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

interface Gradient {
  readonly sums: Float64Array;
  /** Sums of the terms' magnitudes. */
  readonly magnitudes: Float64Array;
}

/** before + Σ a·b over the terms of a convolution, in float64. */
function gradientOf(
  c: Case,
  before: Float32Array,
  term: (indices: { x: number; w: number; y: number }) => readonly [index: number, product: number],
): Gradient {
  const sums = Float64Array.from(before);
  const magnitudes = sums.map(Math.abs);
  for (const indices of termsOf(c)) {
    const [index, product] = term(indices);
    sums[index] += product;
    magnitudes[index] += Math.abs(product);
  }
  return { sums, magnitudes };
}

function expectGradient(c: Case, found: Float32Array, { sums, magnitudes }: Gradient, terms: number): void {
  const limit = bound(magnitudes, terms);
  const wrong = found.findIndex((value, i) => !(Math.abs(value - sums[i]) <= limit(i)));
  if (wrong >= 0) expect.fail(`${describeCase(c)}: [${wrong}] is ${found[wrong]} instead of ${sums[wrong]}`);
}

/** How the backward kernels are told what these sizes mean. */
function pairing(c: Case): number[] {
  const [long, short] = c.isTransposed ? [c.outputSteps, c.steps] : [c.steps, c.outputSteps];
  return [long, short, c.batch, c.taps, c.dilation, c.stride, c.padding];
}

/** The taps' transposed weights [N, K], their panels one behind the other; and the N that they have. */
function packTransposedTaps(arena: Arena, c: Case): { packed: number; rows: number } {
  const { pack, packTransposed } = arena.module.kernels;
  const [inputsOfGroup, outputsOfGroup] = [c.inputs / c.groups, c.outputs / c.groups];
  const isOneGroup = c.groups === 1 && !c.isTransposed;
  const rows = isOneGroup ? quad(c.outputs) : outputsOfGroup;
  const packed = arena.allocate(c.taps * rows * quad(c.inputs));
  for (let tap = 0; tap < c.taps; tap++) {
    const weights = c.weights.subarray(tap * inputsOfGroup * c.outputs, (tap + 1) * inputsOfGroup * c.outputs);
    const at = packed + tap * rows * quad(c.inputs) * 4;
    if (isOneGroup) {
      packTransposed(arena.put(weights), c.outputs * 4, at, c.inputs, c.outputs, 1);
    } else {
      const turned = new Float32Array(rows * c.inputs);
      for (const [i] of turned.entries()) {
        const [n, input] = [Math.floor(i / c.inputs), i % c.inputs];
        const [group, k] = [Math.floor(input / inputsOfGroup), input % inputsOfGroup];
        turned[i] = weights[k * c.outputs + group * outputsOfGroup + n];
      }
      pack(arena.put(turned), c.inputs * 4, at, rows, c.inputs, 1, 0);
    }
  }
  return { packed, rows: isOneGroup ? rows : c.outputs };
}

function inputGradient(module: Module, c: Case, dy: Float32Array, before: Float32Array): Float32Array {
  const arena = new Arena(module);
  const { packed, rows } = packTransposedTaps(arena, c);
  const dx = arena.putRows(before, c.steps * c.batch, c.inputs);
  // packTransposed's rows are padded: then the padding of dy is read, times 0.
  const padding = rows === c.outputs ? NaN : 0;
  const dyRows = arena.putRows(dy, c.outputSteps * c.batch, c.outputs, padding);
  const sizes = [...pairing(c), rows, c.inputs, c.groups, c.isTransposed ? 0 : 1];
  module.kernels.convolutionInputGradient(dyRows, packed, dx, ...sizes);
  const result = arena.getRows(dx, c.steps * c.batch, c.inputs);
  arena.release();
  return result;
}

/** In the weights' own layout: a transposed convolution's is [taps, N, K]. */
function weightGradient(module: Module, c: Case, dy: Float32Array, before: Float32Array): Float32Array {
  const arena = new Arena(module);
  const x = arena.putRows(c.x, c.steps * c.batch, c.inputs, NaN);
  // Forward kernels write 0 to the padding, and backward kernels keep it.
  const dyRows = arena.putRows(dy, c.outputSteps * c.batch, c.outputs, 0);
  const [long, short] = c.isTransposed ? [dyRows, x] : [x, dyRows];
  const [rows, columns] = c.isTransposed ? [c.outputs, c.inputs] : [c.inputs / c.groups, c.outputs];
  const dw = arena.putRows(before, c.taps * rows, columns);
  const sizes = [...pairing(c), c.isTransposed ? c.outputs : c.inputs, columns, c.groups];
  module.kernels.convolutionWeightGradient(long, short, dw, ...sizes);
  const stride = quad(columns);
  const found = arena.get(dw, c.taps * rows * stride).filter((_, i) => i % stride < columns);
  arena.release();
  return found;
}

/** The place of weight w of [taps, K, N] in the weights' own layout. */
function ownPlace(c: Case, w: number): number {
  if (!c.isTransposed) return w;
  const [row, n] = [Math.floor(w / c.outputs), w % c.outputs];
  const [tap, k] = [Math.floor(row / c.inputs), row % c.inputs];
  return (tap * c.outputs + n) * c.inputs + k;
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test('gradients of inputs and weights follow from the definition, and read and write nothing beyond the tensors', () => {
    const draw = new Draw(1);
    let cases = 0;
    for (const sizes of allSizes()) {
      const c = drawCase(draw, sizes);
      const dy = draw.floats(c.outputSteps * c.batch * c.outputs);
      const before = draw.floats(c.x.length);
      const dx = gradientOf(c, before, ({ x, w, y }) => [x, c.weights[w] * dy[y]]);
      expectGradient(c, inputGradient(module, c, dy, before), dx, (c.taps * c.outputs) / c.groups);

      const beforeW = draw.floats(c.weights.length);
      const dw = gradientOf(c, beforeW, ({ x, w, y }) => [ownPlace(c, w), c.x[x] * dy[y]]);
      expectGradient(c, weightGradient(module, c, dy, beforeW), dw, c.batch * Math.max(c.steps, c.outputSteps));
      cases++;
    }
    expect(cases).toBe((21 + 4) * 9 * 6);
  });

  test('gradients add to what is there: twice gives twice', () => {
    const draw = new Draw(2);
    const sizes = { batch: 3, steps: 9, inputs: 5, outputs: 6, taps: 3, dilation: 1, stride: 2, groups: 1 };
    const c = drawCase(draw, padded({ ...sizes, isTransposed: false }, 'same'));
    const dy = draw.floats(c.outputSteps * c.batch * c.outputs);
    const once = inputGradient(module, c, dy, new Float32Array(c.x.length));
    const ones = new Float32Array(c.x.length).fill(1);
    for (const [i, value] of inputGradient(module, c, dy, ones).entries()) expect(value).toBeCloseTo(once[i] + 1, 5);
  });
});

test('the deterministic build adds weights’ gradients in blocks of 256 rows, each from 0', () => {
  const module = load('training');
  const draw = new Draw(3);
  const f = Math.fround;
  for (const [groups, inputs, outputs] of [
    [1, 3, 6],
    [5, 5, 5],
    [19, 19, 19],
    [3, 6, 12],
    [2, 10, 2],
  ]) {
    for (const [stride, batch, steps] of [
      [1, 1, 600],
      [3, 1, 900],
      [1, 3, 200],
    ]) {
      const sizes = { batch, steps, inputs, outputs, taps: 2, dilation: 1, stride, groups, isTransposed: false };
      const c = drawCase(draw, padded(sizes, 'causal'));
      const dy = draw.floats(c.outputSteps * c.batch * c.outputs);
      const wanted = new Float32Array(c.weights.length);
      const pairs = pairsOf(c);
      const [inputsOfGroup, outputsOfGroup] = [inputs / groups, outputs / groups];
      for (const [i] of wanted.entries()) {
        const [row, n] = [Math.floor(i / outputs), i % outputs];
        const [tap, k] = [Math.floor(row / inputsOfGroup), row % inputsOfGroup];
        const feature = Math.floor(n / outputsOfGroup) * inputsOfGroup + k;
        const terms = pairs
          .filter((pair) => pair.tap === tap)
          .flatMap(({ to, from }) =>
            Array.from({ length: batch }, (_, b) =>
              f(c.x[(from * batch + b) * inputs + feature] * dy[(to * batch + b) * outputs + n]),
            ),
          );
        for (let first = 0; first < terms.length; first += 256) {
          wanted[i] += terms.slice(first, first + 256).reduce((sum, term) => f(sum + term), 0);
        }
      }
      expect(weightGradient(module, c, dy, new Float32Array(c.weights.length)), describeCase(c)).toEqual(wanted);
    }
  }
});
