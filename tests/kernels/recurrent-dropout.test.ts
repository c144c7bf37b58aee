import { describe, expect, test } from 'vitest';
import { affineWithDropout } from '../reference/affine.js';
import { relativeError } from '../reference/central-differences.js';
import { gru } from '../reference/gru.js';
import { lstm } from '../reference/lstm.js';
import type { AnyPass, Gradients } from '../reference/pass.js';
import { simpleRnn } from '../reference/simple-rnn.js';
import {
  columns,
  matmul,
  scale,
  sumOfRows,
  tensor,
  transpose,
  zeros,
  type Tensor,
  type Tensors,
} from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';
import {
  codeOf,
  drawProblem,
  drawSpans,
  exchangeAxes,
  expectMaskedRowsZero,
  gather,
  inputGradients,
  layout,
  maskAt,
  matrix,
  packed,
  packedTransposed,
  part,
  partOf,
  preActivations,
  referenceInputs,
  scatter,
  type Problem,
} from './recurrent.js';

const rate = 0.4;

/** What is kept of the state, 1 or 0, for each gate: [batch, units]. */
type Keeps = readonly Float32Array[];

interface Run {
  readonly h: Float32Array;
  readonly states: readonly Float32Array[];
}

interface Cell {
  readonly gates: number;
  readonly states: number;
  /** With `keeps` by the kernel that takes factors, without by the ordinary one; then backwards, if cotangents are given. */
  run(
    arena: Arena,
    problem: Problem,
    keeps: Keeps | undefined,
    cotangents?: { readonly dOut: Float32Array; readonly dStates: readonly Float32Array[] },
  ): Run & { readonly gradients?: Gradients<Tensors> };
  reference(problem: Problem, inputs: Tensors, keeps: Keeps, mask: ReturnType<typeof referenceInputs>['mask']): AnyPass;
}

/** Factors [G, B, Hp]: keep / (1 − rate). */
function putFactors(arena: Arena, keeps: Keeps, { batch, units }: Problem): number {
  const all = Float32Array.of(...keeps.flatMap((keep) => [...keep])).map((keep) => keep / (1 - rate));
  return arena.putRows(all, keeps.length * batch, units, 0);
}

/** Recurrent kernels' transposes: all gates in one, or gate by gate. */
function transposed(arena: Arena, problem: Problem, from: number, to: number, isApart: boolean): number {
  if (!isApart) return packedTransposed(arena, problem, from, to);
  const floats = quad(problem.units) ** 2;
  const panels = Array.from({ length: to - from }, (_, gate) => {
    const pointer = packedTransposed(arena, problem, from + gate, from + gate + 1);
    return arena.get(pointer, floats);
  });
  return arena.put(panels.flatMap((one) => [...one]));
}

/** The gradient of a recurrent kernel's gates from … to, by the kernel, from dz's rows; dense. */
function recurrentGradient(
  arena: Arena,
  problem: Problem,
  factors: number,
  h0: number,
  h: number,
  dz: number,
  dzStride: number,
  gates: number,
): Tensor {
  const { steps, batch, units } = problem;
  const width = gates * quad(units);
  const row = quad(units) * 4;
  const dw = arena.put(new Float32Array(units * width));
  const scratch = arena.allocate(units * width);
  const sizes = [units, units, gates];
  const step = batch * dzStride;
  if (steps > 0) {
    kernelsOf(arena).droppedProductGradient(h0, row, factors, dz, dzStride, dw, scratch, 1, batch, ...sizes);
    kernelsOf(arena).droppedProductGradient(
      h,
      row,
      factors,
      dz + step,
      dzStride,
      dw,
      scratch,
      steps - 1,
      batch,
      ...sizes,
    );
  }
  const dense = arena.put(new Float32Array(units * gates * units));
  kernelsOf(arena).addUngated(dw, dense, gates * units * 4, units, units, gates);
  return matrix(arena.get(dense, units * gates * units), gates * units);
}

const kernelsOf = (arena: Arena) => arena.module.kernels;
const factorsOf = (keeps: Keeps, { batch, units }: Problem) => keeps.map((keep) => tensor([batch, units], keep));
const room = (arena: Arena, { steps, batch, units }: Problem) => arena.allocate(steps * batch * quad(units));

const simpleRnnCell: Cell = {
  gates: 1,
  states: 1,
  run(arena, problem, keeps, cotangents) {
    const { steps, batch, units, activation } = problem;
    const state = layout(units, 1);
    const [rows, code] = [steps * batch, codeOf(activation)];
    const z = scatter(arena, preActivations(problem), state);
    const h0 = scatter(arena, problem.states[0], state);
    const [h, hn] = [room(arena, problem), arena.allocate(batch * quad(units))];
    const factors = keeps ? putFactors(arena, keeps, problem) : 0;
    const scratch = keeps ? arena.allocate(batch * quad(units)) : 0;
    const mask = maskAt(arena, problem);
    const dropped = keeps ? [factors, scratch] : [];
    const forward = keeps ? kernelsOf(arena).simpleRnnForwardDropped : kernelsOf(arena).simpleRnnForward;
    forward(z, packed(arena, problem, 0, 1), ...dropped, h0, h, hn, mask, steps, batch, units, code);
    const run = { h: gather(arena, h, rows, state), states: [gather(arena, hn, batch, state)] };
    if (!cotangents) return run;
    const dh = arena.putRows(cotangents.dStates[0], batch, units);
    const dOut = scatter(arena, cotangents.dOut, state);
    const uT = transposed(arena, problem, 0, 1, true);
    kernelsOf(arena).simpleRnnBackwardDropped(z, h, dOut, dh, uT, factors, scratch, mask, steps, batch, units, code);
    const dz = gather(arena, z, rows, state);
    expectMaskedRowsZero(dz, problem);
    const { x, kernel, bias } = inputGradients(problem, dz);
    const recurrentKernel = recurrentGradient(arena, problem, factors, h0, h, z, quad(units) * 4, 1);
    const dh0 = matrix(arena.getRows(dh, batch, units), units);
    return { ...run, gradients: { inputs: [x, dh0], weights: [kernel, recurrentKernel, bias] } };
  },
  reference(problem, [x, h0], keeps, mask) {
    const { units, activation, kernel, recurrentKernel, bias } = problem;
    const config = { units, activation, returnSequences: true, recurrentDropout: rate };
    const weights = [matrix(kernel, units), matrix(recurrentKernel, units), tensor([units], bias)];
    return simpleRnn(config, weights, [x, h0], mask, { recurrent: factorsOf(keeps, problem) });
  },
};

const lstmCell: Cell = {
  gates: 4,
  states: 2,
  run(arena, problem, keeps, cotangents) {
    const { steps, batch, units } = problem;
    const state = layout(units, 1);
    const rows = steps * batch;
    const codes = [codeOf(problem.activation), codeOf(problem.recurrentActivation)];
    const z = scatter(arena, preActivations(problem), layout(units, 4));
    const [h0, c0] = problem.states.map((initial) => scatter(arena, initial, state));
    const [h, c, tanhC] = [room(arena, problem), room(arena, problem), room(arena, problem)];
    const [hn, cn] = [h0, c0].map(() => arena.allocate(batch * quad(units)));
    const factors = keeps ? putFactors(arena, keeps, problem) : 0;
    const scratch = keeps ? arena.allocate(4 * batch * quad(units)) : 0;
    const mask = maskAt(arena, problem);
    const dropped = keeps ? [factors, scratch] : [];
    const forward = keeps ? kernelsOf(arena).lstmForwardDropped : kernelsOf(arena).lstmForward;
    forward(
      ...[
        z,
        packed(arena, problem, 0, 4),
        ...dropped,
        h0,
        c0,
        h,
        hn,
        c,
        cn,
        tanhC,
        mask,
        steps,
        batch,
        units,
        ...codes,
      ],
    );
    const run = {
      h: gather(arena, h, rows, state),
      states: [hn, cn].map((final) => gather(arena, final, batch, state)),
    };
    if (!cotangents) return run;
    const [dh, dc] = cotangents.dStates.map((gradient) => arena.putRows(gradient, batch, units));
    kernelsOf(arena).lstmBackwardDropped(
      ...[z, c, tanhC, c0, scatter(arena, cotangents.dOut, state), dh, dc, transposed(arena, problem, 0, 4, true)],
      ...[factors, scratch, mask, steps, batch, units, ...codes],
    );
    const dz = gather(arena, z, rows, layout(units, 4));
    expectMaskedRowsZero(dz, problem);
    const { x, kernel, bias } = inputGradients(problem, dz);
    const recurrentKernel = recurrentGradient(arena, problem, factors, h0, h, z, 4 * quad(units) * 4, 4);
    const states = [dh, dc].map((gradient) => matrix(arena.getRows(gradient, batch, units), units));
    return { ...run, gradients: { inputs: [x, ...states], weights: [kernel, recurrentKernel, bias] } };
  },
  reference(problem, [x, h0, c0], keeps, mask) {
    const { units, activation, recurrentActivation, kernel, recurrentKernel, bias } = problem;
    const config = { units, activation, recurrentActivation, returnSequences: true, recurrentDropout: rate };
    const weights = [matrix(kernel, 4 * units), matrix(recurrentKernel, 4 * units), tensor([4 * units], bias)];
    return lstm(config, weights, [x, h0, c0], mask, { recurrent: factorsOf(keeps, problem) });
  },
};

function gruCell(resetAfter: boolean): Cell {
  return {
    gates: 3,
    states: 1,
    run(arena, problem, keeps, cotangents) {
      const { steps, batch, units, recurrentBias } = problem;
      const state = layout(units, 1);
      const rows = steps * batch;
      const options = [codeOf(problem.activation), codeOf(problem.recurrentActivation), Number(resetAfter)];
      const isGate = (column: number) => resetAfter && column < 2 * units;
      const bias = problem.bias.map((value, column) => value + (isGate(column) ? recurrentBias[column] : 0));
      const z = scatter(arena, preActivations({ ...problem, bias }), layout(units, 2, 1));
      const h0 = scatter(arena, problem.states[0], state);
      const [h, kept, hn] = [room(arena, problem), room(arena, problem), arena.allocate(batch * quad(units))];
      const candidateBias = resetAfter ? arena.putRows(recurrentBias.slice(2 * units), 1, units) : 0;
      const factors = keeps ? putFactors(arena, keeps, problem) : 0;
      const scratch = keeps ? arena.allocate(3 * batch * quad(units)) : 0;
      const mask = maskAt(arena, problem);
      const dropped = keeps ? [factors, scratch] : [];
      const forward = keeps ? kernelsOf(arena).gruForwardDropped : kernelsOf(arena).gruForward;
      forward(
        ...[z, packed(arena, problem, 0, 2), packed(arena, problem, 2, 3), candidateBias, ...dropped, h0, h, hn, kept],
        ...[mask, steps, batch, units, ...options, 1],
      );
      const run = { h: gather(arena, h, rows, state), states: [gather(arena, hn, batch, state)] };
      if (!cotangents) return run;
      const dh = arena.putRows(cotangents.dStates[0], batch, units);
      const dKept = arena.allocate((resetAfter ? rows : batch) * quad(units));
      kernelsOf(arena).gruBackwardDropped(
        ...[z, h, h0, kept, dKept, scatter(arena, cotangents.dOut, state), dh],
        ...[transposed(arena, problem, 0, 2, true), packedTransposed(arena, problem, 2, 3)],
        ...[factors, scratch, mask, steps, batch, units, ...options],
      );
      const dz = gather(arena, z, rows, layout(units, 2, 1));
      expectMaskedRowsZero(dz, problem);
      const { x, kernel, bias: dBias } = inputGradients(problem, dz);
      const row = quad(units) * 4;
      const gates = recurrentGradient(arena, problem, factors, h0, h, z, 3 * row, 2);
      const candidateFactors = factors + 2 * batch * row;
      const dCandidate = columns(matrix(dz, 3 * units), 2 * units, 3 * units);
      const candidate = resetAfter
        ? recurrentGradient(arena, problem, candidateFactors, h0, h, dKept, row, 1)
        : matmul(transpose(matrix(gather(arena, kept, rows, state, 'any'), units)), dCandidate);
      const recurrentKernel = tensor([units, 3 * units], joined(gates, candidate, units));
      const dh0 = matrix(arena.getRows(dh, batch, units), units);
      const biases = resetAfter
        ? tensor(
            [2, 3 * units],
            [
              ...dBias.data,
              ...sumOfRows(columns(matrix(dz, 3 * units), 0, 2 * units)).data,
              ...sumOfRows(matrix(gather(arena, dKept, rows, state), units)).data,
            ],
          )
        : dBias;
      return { ...run, gradients: { inputs: [x, dh0], weights: [kernel, recurrentKernel, biases] } };
    },
    reference(problem, [x, h0], keeps, mask) {
      const { units, activation, recurrentActivation, kernel, recurrentKernel, bias, recurrentBias } = problem;
      const config = {
        units,
        activation,
        recurrentActivation,
        resetAfter,
        returnSequences: true,
        recurrentDropout: rate,
      };
      const biases = resetAfter ? tensor([2, 3 * units], [...bias, ...recurrentBias]) : tensor([3 * units], bias);
      const weights = [matrix(kernel, 3 * units), matrix(recurrentKernel, 3 * units), biases];
      return gru(config, weights, [x, h0], mask, { recurrent: factorsOf(keeps, problem) });
    },
  };
}

/** Two gates' columns and one's, side by side. */
function joined(gates: Tensor, candidate: Tensor, units: number): number[] {
  return Array.from({ length: units }, (_, k) => [
    ...gates.data.subarray(k * 2 * units, (k + 1) * 2 * units),
    ...candidate.data.subarray(k * units, (k + 1) * units),
  ]).flat();
}

const drawKeeps = (draw: Draw, { gates }: Cell, { batch, units }: Problem): Keeps =>
  Array.from({ length: gates }, () =>
    Float32Array.from({ length: batch * units }, () => Number(draw.uniform() >= rate)),
  );

const cells: Readonly<Record<string, Cell>> = {
  simpleRNN: simpleRnnCell,
  lstm: lstmCell,
  gru: gruCell(true),
  'gru that resets before its product': gruCell(false),
};

describe.each(trainingBuilds)('%s', (build) => {
  const arena = new Arena(load(build));
  const { kernels } = arena.module;

  describe.each(Object.keys(cells))('recurrent dropout of %s', (name) => {
    const cell = cells[name];

    test('agrees with float64, forwards and backwards, with other factors for each gate', () => {
      const draw = new Draw(1);
      let [forwards, backwards] = [0, 0];
      for (let units = 1; units <= 33; units++) {
        for (const batch of [1, 2, 4, 5, 9]) {
          const problem = drawProblem(draw, { steps: (units + 3 * batch) % 8, batch, units }, cell);
          const keeps = drawKeeps(draw, cell, problem);
          const dOut = draw.floats(problem.steps * batch * units);
          const dStates = problem.states.map(({ length }) => draw.floats(length));
          const ours = cell.run(arena, problem, keeps, { dOut, dStates });
          const { inputs, mask } = referenceInputs(problem);
          const pass = cell.reference(problem, inputs, keeps, mask);
          const sequence = (values: Float32Array) => exchangeAxes(values, problem.steps, batch, units);
          const results = [sequence(ours.h), ...ours.states.map((state) => matrix(state, units))];
          forwards = Math.max(forwards, relativeError(results, pass.outputs, 1));
          const back = pass.backward([sequence(dOut), ...dStates.map((state) => matrix(state, units))]);
          const found = [...(ours.gradients?.inputs ?? []), ...(ours.gradients?.weights ?? [])];
          backwards = Math.max(backwards, relativeError(found, [...back.inputs, ...back.weights], 1));
          arena.release();
        }
      }
      expect(forwards).toBeLessThan(1e-6);
      expect(backwards).toBeLessThan(3e-6);
    });

    test('that keeps all has the bits of no dropout', () => {
      const draw = new Draw(2);
      for (let units = 1; units <= 20; units++) {
        const problem = drawProblem(draw, { steps: 4, batch: draw.integer(1, 6), units }, cell);
        const ordinary = cell.run(arena, problem, undefined);
        // keep / (1 − rate) is 1.
        const all = Array.from({ length: cell.gates }, () => new Float32Array(problem.batch * units).fill(1 - rate));
        expect(cell.run(arena, problem, all)).toStrictEqual(ordinary);
        arena.release();
      }
    });

    test('in chunks of any lengths, and for each row alone, gives the bits of the whole', () => {
      const draw = new Draw(3);
      for (let round = 0; round < 30; round++) {
        const sizes = { steps: draw.integer(1, 9), batch: draw.integer(1, 6), units: draw.integer(1, 20) };
        const problem = drawProblem(draw, sizes, cell);
        const { batch, units } = problem;
        const keeps = drawKeeps(draw, cell, problem);
        const whole = cell.run(arena, problem, keeps);
        const h: number[] = [];
        let { states } = problem;
        for (const span of drawSpans(draw, problem.steps)) {
          const chunk = { ...partOf(problem, span, { start: 0, end: batch }), states };
          const run = cell.run(arena, chunk, keeps);
          h.push(...run.h);
          states = run.states;
        }
        expect(Float32Array.from(h)).toStrictEqual(whole.h);
        expect(states).toStrictEqual(whole.states);
        for (let b = 0; b < batch; b++) {
          const rows = { start: b, end: b + 1 };
          const steps = { start: 0, end: problem.steps };
          const kept = keeps.map((keep) => keep.slice(b * units, (b + 1) * units));
          const run = cell.run(arena, partOf(problem, steps, rows), kept);
          expect(run.h).toStrictEqual(part(whole.h, units, batch, steps, rows));
        }
        arena.release();
      }
    });
  });

  test('the product of inputs that are dropped gate by gate, and its gradients, agree with float64', () => {
    const draw = new Draw(4);
    for (const gates of [1, 2, 4]) {
      for (const units of [1, 3, 4, 5, 9]) {
        for (const inputs of [1, 2, 4, 7]) {
          const [steps, batch] = [draw.integer(0, 4), draw.integer(1, 6)];
          const rows = steps * batch;
          const width = gates * quad(units);
          const x = draw.floats(rows * inputs);
          const kernel = draw.floats(inputs * gates * units);
          const bias = draw.floats(gates * units);
          const keeps = Array.from({ length: gates }, () =>
            Float32Array.from({ length: batch * inputs }, () => Number(draw.uniform() >= rate)),
          );
          const dy = draw.floats(rows * gates * units);
          const columnsOf = layout(units, gates);

          const source = arena.putRows(x, rows, inputs, NaN);
          const all = Float32Array.of(...keeps.flatMap((keep) => [...keep])).map((keep) => keep / (1 - rate));
          const factors = arena.putRows(all, gates * batch, inputs, NaN);
          const plain = arena.put(kernel);
          const [panels, packedBias] = [arena.allocate(inputs * width), arena.allocate(width)];
          kernels.pack(plain, gates * units * 4, panels, inputs, units, gates, 0);
          kernels.pack(arena.put(bias), 0, packedBias, 1, units, gates, 0);
          const y = arena.allocate(rows * width);
          const row = quad(inputs) * 4;
          const sizes = [steps, batch, inputs, units, gates];
          const scratch = arena.allocate(gates * batch * quad(inputs));
          kernels.droppedProduct(source, row, factors, panels, packedBias, y, width * 4, scratch, ...sizes);

          const padded = arena.get(scatter(arena, dy, columnsOf), rows * width);
          const cotangent = arena.put(padded.map((value) => (Number.isNaN(value) ? 0 : value)));
          const floats = quad(inputs) * quad(units);
          const panelsT = arena.allocate(gates * floats);
          for (let gate = 0; gate < gates; gate++) {
            const from = plain + gate * units * 4;
            kernels.packTransposed(from, gates * units * 4, panelsT + gate * floats * 4, inputs, units, 1);
          }
          const before = draw.floats(rows * inputs);
          const dx = arena.putRows(before, rows, inputs);
          const one = arena.allocate(batch * quad(inputs));
          const clean = arena.putRows(all, gates * batch, inputs);
          kernels.droppedProductBackward(cotangent, width * 4, clean, panelsT, dx, row, one, ...sizes);
          const dw = arena.put(new Float32Array(inputs * width));
          const partial = arena.allocate(inputs * width);
          kernels.droppedProductGradient(source, row, clean, cotangent, width * 4, dw, partial, ...sizes);
          const dense = arena.put(new Float32Array(kernel.length));
          kernels.addUngated(dw, dense, gates * units * 4, inputs, units, gates);

          // The reference takes one step: rows of all steps, with each row's factors again at each step.
          const repeated = keeps.map((keep) =>
            scale(tensor([rows, inputs], Array.from({ length: steps }, () => [...keep]).flat()), 1 / (1 - rate)),
          );
          const weights = matrix(kernel, gates * units);
          const affine = affineWithDropout(tensor([rows, inputs], x), repeated, weights, tensor([gates * units], bias));
          const dKernel = zeros(inputs, gates * units);
          const wantedDx = affine.backward(tensor([rows, gates * units], dy), dKernel);
          const found = matrix(gather(arena, y, rows, columnsOf), gates * units);
          const foundDx = arena.getRows(dx, rows, inputs).map((value, i) => value - before[i]);
          expect(relativeError([found], [affine.output], 1)).toBeLessThan(1e-6);
          expect(relativeError([matrix(foundDx, inputs)], [wantedDx], 1)).toBeLessThan(2e-6);
          const foundKernel = matrix(arena.get(dense, kernel.length), gates * units);
          expect(relativeError([foundKernel], [dKernel], 1)).toBeLessThan(2e-6);
          arena.release();
        }
      }
    }
  });

  test('a mask for each gate comes from dropout of ones, its step standing for the gate', () => {
    const [gates, batch, units] = [4, 3, 9];
    const rows = gates * batch;
    const mask = arena.allocate(rows * quad(units));
    kernels.fill(mask, rows * quad(units), 1);
    const indices = arena.putIntegers([7, 8, 9]);
    kernels.dropout(mask, mask, batch, gates, units, rate, 1, 2, 3, indices, 0);
    const values = arena.getRows(mask, rows, units);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / Math.fround(1 - Math.fround(rate)))]));
    const alone = arena.allocate(gates * quad(units));
    kernels.fill(alone, gates * quad(units), 1);
    kernels.dropout(alone, alone, 1, gates, units, rate, 1, 2, 3, indices + 4, 0);
    const ofRow = arena.getRows(alone, gates, units);
    for (let gate = 0; gate < gates; gate++) {
      const at = (gate * batch + 1) * units;
      expect(ofRow.subarray(gate * units, (gate + 1) * units)).toEqual(values.subarray(at, at + units));
    }
    arena.release();
  });
});
