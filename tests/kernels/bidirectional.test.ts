/** Bidirectional of a SimpleRNN, put together from kernels as a plan will do it, against the reference. */
import { describe, expect, test } from 'vitest';
import { bidirectional, type MergeMode } from '../reference/bidirectional.js';
import { relativeError } from '../reference/central-differences.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';
import { exchangeAxes, matrix } from './recurrent.js';

interface Layer {
  /** x·W + b of this layer, [time, batch, units], in the order of x. */
  readonly z: Float32Array;
  readonly recurrentKernel: Float32Array;
  readonly h0: Float32Array;
}

interface Problem {
  readonly steps: number;
  readonly batch: number;
  readonly units: number;
  readonly mask: Float32Array;
  readonly layers: readonly [Layer, Layer];
}

const linear = 0;
const codes = { sum: 0, mul: 2, ave: 3 } as const;

/** The merged sequence [time, batch, units or twice as many], and how gradients of it come to the layers' outputs. */
function run(arena: Arena, { steps, batch, units, mask, layers }: Problem, mode: Exclude<MergeMode, null>) {
  const { kernels } = arena.module;
  const rows = steps * batch;
  const floats = rows * quad(units);
  const stepBytes = batch * quad(units) * 4;
  const pMask = arena.put(mask);
  const turnedMask = arena.allocate(rows);
  kernels.reverseTime(pMask, turnedMask, steps, batch * 4, 0);

  const sequences = layers.map(({ z, recurrentKernel, h0 }, which) => {
    const given = arena.putRows(z, rows, units);
    const turned = arena.allocate(floats);
    if (which === 1) kernels.reverseTime(given, turned, steps, stepBytes, 0);
    const panels = arena.allocate(units * quad(units));
    kernels.pack(arena.put(recurrentKernel), units * 4, panels, units, units, 1, 0);
    const [start, h, hn] = [
      arena.putRows(h0, batch, units),
      arena.allocate(floats),
      arena.allocate(batch * quad(units)),
    ];
    const [inputs, maskOf] = which === 1 ? [turned, turnedMask] : [given, pMask];
    kernels.simpleRnnForward(inputs, panels, start, h, hn, maskOf, steps, batch, units, linear);
    if (which === 0) return { sequence: h, final: hn };
    const sequence = arena.allocate(floats);
    kernels.reverseTime(h, sequence, steps, stepBytes, 0);
    return { sequence, final: hn };
  });

  const [one, two] = sequences;
  const width = mode === 'concat' ? 2 * units : units;
  const row = quad(width) * 4;
  const y = arena.put(new Float32Array(rows * quad(width)));
  if (mode === 'concat') {
    const copy = (source: number, target: number) =>
      kernels.copyRows(source, target, 1, 0, 0, 1, 0, 0, rows, quad(units) * 4, row, units, 4, 0, 0);
    copy(one.sequence, y);
    copy(two.sequence, y + units * 4);
  } else {
    kernels.merge(codes[mode], one.sequence, two.sequence, y, rows, units, rows, 2);
  }
  kernels.replaceMaskedRows(pMask, 0, y, rows, width, 0);

  const backward = (dy: Float32Array) => {
    const cotangent = arena.putRows(dy, rows, width);
    kernels.replaceMaskedRows(pMask, 0, cotangent, rows, width, 0);
    return sequences.map((_, which) => {
      const gradient = arena.put(new Float32Array(floats));
      const other = sequences[1 - which].sequence;
      if (mode === 'concat') {
        const from = cotangent + which * units * 4;
        kernels.copyRows(
          from,
          gradient,
          1,
          0,
          0,
          1,
          0,
          0,
          rows,
          row,
          quad(units) * 4,
          units,
          4,
          quad(units) - units,
          0,
        );
      } else if (mode === 'mul') {
        kernels.addProduct(cotangent, other, gradient, rows, units, rows);
      } else {
        kernels.addScaled(cotangent, gradient, floats, mode === 'ave' ? 0.5 : 1);
      }
      const turned = arena.allocate(floats);
      if (which === 1) kernels.reverseTime(gradient, turned, steps, stepBytes, 0);
      return arena.getRows(which === 1 ? turned : gradient, rows, units);
    });
  };
  return {
    y: arena.getRows(y, rows, width),
    states: sequences.map(({ final }) => arena.getRows(final, batch, units)),
    backward,
  };
}

const modes = ['concat', 'sum', 'mul', 'ave'] as const;

describe.each(trainingBuilds)('%s', (build) => {
  const arena = new Arena(load(build));

  test('a SimpleRNN of one linear unit sums what is not masked, from both ends', () => {
    const z = Float32Array.of(0, 0, 0, 1, 2, 3, 4);
    const layer = { z, recurrentKernel: Float32Array.of(1), h0: Float32Array.of(0) };
    const mask = Float32Array.of(0, 0, 0, 1, 1, 1, 1);
    const { y, states } = run(arena, { steps: 7, batch: 1, units: 1, mask, layers: [layer, layer] }, 'concat');
    expect([...y].filter((_, i) => i % 2 === 0)).toEqual([0, 0, 0, 1, 3, 6, 10]);
    expect([...y].filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0, 10, 9, 7, 4]);
    expect(states.map(([state]) => state)).toEqual([10, 10]);
    arena.release();
  });

  test.each(modes)('%s of both directions, with masks, and the way back are those of float64', (mode) => {
    const draw = new Draw(1);
    for (let units = 1; units <= 9; units++) {
      for (const [steps, batch] of [
        [0, 2],
        [1, 1],
        [5, 3],
        [8, 2],
      ]) {
        const rows = steps * batch;
        // The last row of the batch is all masked.
        const isValid = (r: number) => (batch === 1 || r % batch < batch - 1) && draw.uniform() < 0.7;
        const mask = Float32Array.from({ length: rows }, (_, r) => Number(isValid(r)));
        const x = draw.floats(rows * units);
        const identity = Float32Array.from({ length: units * units }, (_, i) => Number(i % (units + 1) === 0));
        const layerOf = (): Layer => ({
          z: x,
          recurrentKernel: draw.floats(units * units, 1 / units),
          h0: draw.floats(batch * units),
        });
        const layers: [Layer, Layer] = [layerOf(), layerOf()];
        const ours = run(arena, { steps, batch, units, mask, layers }, mode);

        const width = mode === 'concat' ? 2 * units : units;
        const config = { units, activation: 'linear', returnSequences: true, useBias: false } as const;
        const pass = bidirectional(
          { layer: { layer: 'simpleRNN', config }, mergeMode: mode },
          layers.flatMap(({ recurrentKernel }) => [matrix(identity, units), matrix(recurrentKernel, units)]),
          [exchangeAxes(x, steps, batch, units), ...layers.map(({ h0 }) => tensor([batch, units], h0))],
          Array.from({ length: batch }, (_, b) => Array.from({ length: steps }, (_t, t) => mask[t * batch + b] === 1)),
        );
        const found = [exchangeAxes(ours.y, steps, batch, width), ...ours.states.map((one) => matrix(one, units))];
        expect(relativeError(found, pass.outputs, 1)).toBeLessThan(1e-6);

        // By definition: the merged row's gradient in each direction's own order, 0 at masked steps.
        const dy = draw.floats(rows * width);
        const sequences = run(arena, { steps, batch, units, mask, layers }, 'concat').y;
        for (const [which, gradient] of ours.backward(dy).entries()) {
          for (const [i, value] of gradient.entries()) {
            const [r, u] = [Math.floor(i / units), i % units];
            const [t, b] = [Math.floor(r / batch), r % batch];
            const at = (which === 1 ? steps - 1 - t : t) * batch + b;
            const other = sequences[at * 2 * units + (1 - which) * units + u];
            const given = mode === 'concat' ? dy[at * width + which * units + u] : dy[at * units + u];
            const factor = { concat: 1, sum: 1, ave: 0.5, mul: other }[mode];
            expect(value).toBeCloseTo(mask[at] === 1 ? given * factor : 0, 6);
          }
        }
        arena.release();
      }
    }
  });
});
