import { expect, test } from 'vitest';
import { simpleRnn } from '../reference/simple-rnn.js';
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

const cell: Cell<{ z: number; h: number }> = {
  gates: 1,
  states: 1,

  run(arena, problem, mode) {
    const { steps, batch, units, activation } = problem;
    const rows = steps * batch;
    const state = layout(units, 1);
    const z = scatter(arena, preActivations(problem), state);
    const h0 = scatter(arena, problem.states[0], state);
    const hn = mode === 'in place' ? h0 : arena.allocate(batch * quad(units));
    const h = sequenceFor(arena, problem, mode !== 'final state');
    const u = packed(arena, problem, 0, 1);
    const mask = maskAt(arena, problem);
    arena.module.kernels.simpleRnnForward(z, u, h0, h, hn, mask, steps, batch, units, codeOf(activation));
    return { h: gather(arena, h, rows, state), states: [gather(arena, hn, batch, state)], kept: { z, h } };
  },

  backward(arena, problem, { h, kept }, dOut, [dhn]) {
    const { steps, batch, units, activation } = problem;
    const dh = arena.putRows(dhn, batch, units);
    arena.module.kernels.simpleRnnBackward(
      ...[kept.z, kept.h, dOut ? scatter(arena, dOut, layout(units, 1)) : 0, dh],
      ...[packedTransposed(arena, problem, 0, 1), maskAt(arena, problem), steps, batch, units, codeOf(activation)],
    );
    const dz = gather(arena, kept.z, steps * batch, layout(units, 1));
    expectMaskedRowsZero(dz, problem);
    const { x, kernel, bias } = inputGradients(problem, dz);
    const recurrentKernel = matmul(transpose(previousStates(problem, h)), matrix(dz, units));
    const h0 = matrix(arena.getRows(dh, batch, units), units);
    return { inputs: [x, h0], weights: [kernel, recurrentKernel, bias] };
  },

  reference({ units, activation, kernel, recurrentKernel, bias }, [x, h0], mask) {
    const weights = [matrix(kernel, units), matrix(recurrentKernel, units), tensor([units], bias)];
    return simpleRnn({ units, activation, returnSequences: true }, weights, [x, h0], mask);
  },
};

testRecurrentKernels('SimpleRNN', cell);

test.each(trainingBuilds)('the state of the SimpleRNN of %s is the exported activation, to the bit', (build) => {
  const arena = new Arena(load(build));
  const draw = new Draw(1);
  for (let units = 1; units <= 70; units++) {
    const problem = { ...drawProblem(draw, { steps: 1, batch: 1, units }, cell), mask: undefined };
    const { h } = cell.run(arena, problem, 'inference');
    const z = scatter(arena, preActivations(problem), layout(units, 1));
    const panels = packed(arena, problem, 0, 1);
    arena.module.kernels.product(arena.put(problem.states[0]), 0, panels, 0, z, 0, 1, 1, 0, units, units);
    expect(h).toStrictEqual(activated(arena, 'tanh', arena.getRows(z, 1, units)));
    arena.release();
  }
});
