import { describe, expect, test } from 'vitest';
import { gru } from '../reference/gru.js';
import { columns, joinColumns, matmul, sumOfRows, tensor, transpose } from '../reference/tensor.js';
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
  type Problem,
} from './recurrent.js';

interface Kept {
  readonly z: number;
  readonly h0: number;
  readonly h: number;
  readonly kept: number;
}

function gruCell(resetAfter: boolean): Cell<Kept> {
  const options = ({ activation, recurrentActivation }: Problem) => [
    codeOf(activation),
    codeOf(recurrentActivation),
    Number(resetAfter),
  ];

  return {
    gates: 3,
    states: 1,

    run(arena, problem, mode) {
      const { steps, batch, units, recurrentBias } = problem;
      const rows = steps * batch;
      const state = layout(units, 1);
      const training = mode === 'training';
      // The two biases of z and r are one; the candidate's are apart.
      const isGate = (column: number) => resetAfter && column < 2 * units;
      const bias = problem.bias.map((value, column) => value + (isGate(column) ? recurrentBias[column] : 0));
      const z = scatter(arena, preActivations({ ...problem, bias }), layout(units, 2, 1));
      const h0 = scatter(arena, problem.states[0], state);
      const hn = mode === 'in place' ? h0 : arena.allocate(batch * quad(units));
      const h = sequenceFor(arena, problem, mode !== 'final state');
      const kept = arena.allocate((training ? rows : batch) * quad(units));
      const candidateBias = resetAfter ? arena.putRows(recurrentBias.slice(2 * units), 1, units) : 0;
      arena.module.kernels.gruForward(
        ...[z, packed(arena, problem, 0, 2), packed(arena, problem, 2, 3), candidateBias, h0, h, hn, kept],
        ...[maskAt(arena, problem), steps, batch, units, ...options(problem), Number(training)],
      );
      return {
        h: gather(arena, h, rows, state),
        states: [gather(arena, hn, batch, state)],
        kept: { z, h0, h, kept },
      };
    },

    backward(arena, problem, { h, kept }, dOut, [dhn]) {
      const { steps, batch, units } = problem;
      const rows = steps * batch;
      const state = layout(units, 1);
      const dh = arena.putRows(dhn, batch, units);
      const dKept = arena.allocate((resetAfter ? rows : batch) * quad(units));
      arena.module.kernels.gruBackward(
        ...[kept.z, kept.h, kept.h0, kept.kept, dKept, dOut ? scatter(arena, dOut, state) : 0, dh],
        ...[packedTransposed(arena, problem, 0, 2), packedTransposed(arena, problem, 2, 3), maskAt(arena, problem)],
        ...[steps, batch, units, ...options(problem)],
      );
      const dz = gather(arena, kept.z, rows, layout(units, 2, 1));
      expectMaskedRowsZero(dz, problem);
      const { x, kernel, bias } = inputGradients(problem, dz);
      const h0 = matrix(arena.getRows(dh, batch, units), units);

      const dGates = columns(matrix(dz, 3 * units), 0, 2 * units);
      const dCandidate = columns(matrix(dz, 3 * units), 2 * units, 3 * units);
      const previous = transpose(previousStates(problem, h));
      if (!resetAfter) {
        const reset = gather(arena, kept.kept, rows, state, 'any');
        expectMaskedRowsZero(reset, problem);
        const dReset = matmul(transpose(matrix(reset, units)), dCandidate);
        const recurrentKernel = joinColumns([matmul(previous, dGates), dReset]);
        return { inputs: [x, h0], weights: [kernel, recurrentKernel, bias] };
      }
      const dReset = gather(arena, dKept, rows, state);
      expectMaskedRowsZero(dReset, problem);
      const dRecurrent = joinColumns([dGates, matrix(dReset, units)]);
      const biases = tensor([2, 3 * units], [...bias.data, ...sumOfRows(dRecurrent).data]);
      return { inputs: [x, h0], weights: [kernel, matmul(previous, dRecurrent), biases] };
    },

    reference(problem, [x, h0], mask) {
      const { units, activation, recurrentActivation, kernel, recurrentKernel, bias, recurrentBias } = problem;
      const config = { units, activation, recurrentActivation, resetAfter, returnSequences: true };
      const biases = resetAfter ? tensor([2, 3 * units], [...bias, ...recurrentBias]) : tensor([3 * units], bias);
      const weights = [matrix(kernel, 3 * units), matrix(recurrentKernel, 3 * units), biases];
      return gru(config, weights, [x, h0], mask);
    },
  };
}

testRecurrentKernels('GRU', gruCell(true));
testRecurrentKernels('GRU that resets before its product', gruCell(false));

describe.each(trainingBuilds)('the gates of the GRU of %s', (build) => {
  const arena = new Arena(load(build));
  const cell = gruCell(true);

  test('are the exported activations of the same pre-activations, to the bit', () => {
    const draw = new Draw(1);
    for (let units = 1; units <= 70; units++) {
      const drawn = drawProblem(draw, { steps: 1, batch: 1, units }, cell);
      const problem = { ...drawn, recurrentBias: drawn.recurrentBias.fill(0), mask: undefined };
      const { h, kept } = cell.run(arena, problem, 'training');
      const row = layout(units, 2, 1);
      const gates = gather(arena, kept.z, 1, row, 'any');
      const reset = gather(arena, kept.kept, 1, layout(units, 1));

      const [h0] = problem.states;
      const z = scatter(arena, preActivations(problem), row);
      const panels = packed(arena, problem, 0, 2);
      arena.module.kernels.product(arena.put(h0), 0, panels, 0, z, 0, 1, 1, 0, units, 2 * quad(units));
      const x = gather(arena, z, 1, row, 'any');
      expect(gates.slice(0, 2 * units)).toStrictEqual(activated(arena, 'sigmoid', x.slice(0, 2 * units)));
      if (build === 'training') {
        // Nothing is fused here, so that the sums can be done in this language.
        const [update, r] = [gates.slice(0, units), gates.slice(units, 2 * units)];
        const sums = x.slice(2 * units).map((value, n) => Math.fround(r[n] * reset[n]) + value);
        const candidate = activated(arena, 'tanh', sums);
        expect(gates.slice(2 * units)).toStrictEqual(candidate);
        const fresh = candidate.map((value, n) => Math.fround(1 - update[n]) * value);
        expect(h).toStrictEqual(update.map((value, n) => Math.fround(value * h0[n]) + fresh[n]));
      }
      arena.release();
    }
  });
});
