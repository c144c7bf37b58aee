import { describe, expect, test } from 'vitest';
import { lstm } from '../reference/lstm.js';
import { matmul, tensor, transpose } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';
import {
  activated,
  codeOf,
  drawProblem,
  expectMaskedRowsZero,
  gather,
  inputGradients,
  layout,
  maskAt,
  matrix,
  packed,
  packedTransposed,
  preActivations,
  previousStates,
  scatter,
  sequenceFor,
  testRecurrentKernels,
  type Cell,
} from './recurrent.js';

const cell: Cell<{ z: number; c: number; tanhC: number; c0: number }> = {
  gates: 4,
  states: 2,

  run(arena, problem, mode) {
    const { steps, batch, units, activation, recurrentActivation } = problem;
    const rows = steps * batch;
    const state = layout(units, 1);
    const z = scatter(arena, preActivations(problem), layout(units, 4));
    const [h0, c0] = problem.states.map((initial) => scatter(arena, initial, state));
    const [hn, cn] = mode === 'in place' ? [h0, c0] : [h0, c0].map(() => arena.allocate(batch * quad(units)));
    const h = sequenceFor(arena, problem, mode !== 'final state');
    const c = sequenceFor(arena, problem, mode === 'training');
    const tanhC = sequenceFor(arena, problem, mode === 'training');
    arena.module.kernels.lstmForward(
      ...[z, packed(arena, problem, 0, 4), h0, c0, h, hn, c, cn, tanhC, maskAt(arena, problem), steps, batch, units],
      ...[codeOf(activation), codeOf(recurrentActivation)],
    );
    return {
      h: gather(arena, h, rows, state),
      states: [hn, cn].map((final) => gather(arena, final, batch, state)),
      kept: { z, c, tanhC, c0 },
    };
  },

  backward(arena, problem, { h, kept }, dOut, dStates) {
    const { steps, batch, units, activation, recurrentActivation } = problem;
    const [dh, dc] = dStates.map((gradient) => arena.putRows(gradient, batch, units));
    arena.module.kernels.lstmBackward(
      ...[kept.z, kept.c, kept.tanhC, kept.c0, dOut ? scatter(arena, dOut, layout(units, 1)) : 0, dh, dc],
      ...[packedTransposed(arena, problem, 0, 4), maskAt(arena, problem), steps, batch, units],
      ...[codeOf(activation), codeOf(recurrentActivation)],
    );
    const dz = gather(arena, kept.z, steps * batch, layout(units, 4));
    expectMaskedRowsZero(dz, problem);
    const { x, kernel, bias } = inputGradients(problem, dz);
    const recurrentKernel = matmul(transpose(previousStates(problem, h)), matrix(dz, 4 * units));
    const states = [dh, dc].map((gradient) => matrix(arena.getRows(gradient, batch, units), units));
    return { inputs: [x, ...states], weights: [kernel, recurrentKernel, bias] };
  },

  reference({ units, activation, recurrentActivation, kernel, recurrentKernel, bias }, [x, h0, c0], mask) {
    const weights = [matrix(kernel, 4 * units), matrix(recurrentKernel, 4 * units), tensor([4 * units], bias)];
    return lstm({ units, activation, recurrentActivation, returnSequences: true }, weights, [x, h0, c0], mask);
  },
};

testRecurrentKernels('LSTM', cell);

describe.each(trainingBuilds)('the gates of the LSTM of %s', (build) => {
  const arena = new Arena(load(build));

  test('are the exported activations of the same pre-activations, to the bit', () => {
    const draw = new Draw(1);
    for (let units = 1; units <= 70; units++) {
      const problem = { ...drawProblem(draw, { steps: 1, batch: 1, units }, cell), mask: undefined };
      const { states, kept } = cell.run(arena, problem, 'training');
      const [hn, cn] = states;

      const [h0, c0] = problem.states;
      const z = scatter(arena, preActivations(problem), layout(units, 4));
      const panels = packed(arena, problem, 0, 4);
      arena.module.kernels.product(arena.put(h0), 0, panels, 0, z, 0, 1, 1, 0, units, 4 * quad(units));
      const x = gather(arena, z, 1, layout(units, 4), 'any');
      const gate = (g: number) => activated(arena, g === 2 ? 'tanh' : 'sigmoid', x.slice(g * units, (g + 1) * units));
      const [i, f, g, o] = [gate(0), gate(1), gate(2), gate(3)];
      expect(gather(arena, kept.z, 1, layout(units, 4), 'any')).toStrictEqual(Float32Array.of(...i, ...f, ...g, ...o));
      const tanhC = activated(arena, 'tanh', cn);
      expect(gather(arena, kept.tanhC, 1, layout(units, 1), 'any')).toStrictEqual(tanhC);
      expect(hn).toStrictEqual(o.map((value, n) => value * tanhC[n]));
      if (build === 'training') {
        // Nothing is fused here, so that the sum can be done in this language.
        expect(cn).toStrictEqual(f.map((value, n) => Math.fround(value * c0[n]) + Math.fround(i[n] * g[n])));
      }
      arena.release();
    }
  });
});
