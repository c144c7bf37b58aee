// The recurrent kernels by themselves: node scripts/run.mjs bench/recurrent-kernels.ts [build, default training]
// A step is one call of product (x·W) and one of the layer's kernel, batch 1; "rest" is what is not products.
import { Arena, load, quad, type BuildName } from '../tests/kernels/load.js';
import { createCanary } from './canary.js';
import { defaultOptions, measure, median, type Timed } from './measure.js';
import { uniformArray } from './random.js';

const [build = 'training'] = process.argv.slice(2);
const arena = new Arena(load(build as BuildName));
// Looked up once: the module of the tests does so by name, with a check, at each access.
const { product, lstmForward, lstmBackward, gruForward, simpleRnnForward } = arena.module.kernels;
const canary = await createCanary();
const options = { ...defaultOptions, batches: 30 };

const [tanh, sigmoid] = [2, 3];
let seed = 1;
const numbers = (length: number, scale: number) => arena.put(uniformArray(length, seed++, scale));
const zeros = (length: number) => arena.put(new Float32Array(length));

/** Median seconds of each, by name. */
async function time(calls: Readonly<Record<string, () => void>>): Promise<Record<string, number>> {
  const timed: Timed[] = Object.entries(calls).map(([name, call]) => ({ name, call, deferred: false }));
  const measured = await measure(timed, canary, options);
  return Object.fromEntries(measured.map(({ name, samples }) => [name, median(samples)]));
}

interface Shape {
  readonly inputs: number;
  readonly units: number;
  readonly steps: number;
  readonly batch: number;
}

/** Calls over one sequence: x·W alone, h·U alone, all of a run; the same for training, and with the way back. */
function lstm({ inputs, units, steps, batch }: Shape) {
  const rows = steps * batch;
  const width = quad(units);
  const x = numbers(rows * inputs, 1);
  const w = numbers(inputs * 4 * width, 0.1);
  const [u, uT] = [numbers(units * 4 * width, 0.05), numbers(width * 4 * width, 0.05)];
  const bias = numbers(4 * width, 1);
  const [z, y] = [zeros(rows * 4 * width), zeros(batch * 4 * width)];
  const [h, c, tanhC, dOut] = [zeros(rows * width), zeros(rows * width), zeros(rows * width), numbers(rows * width, 1)];
  const [h0, c0, hn, cn, dh, dc] = Array.from({ length: 6 }, () => zeros(batch * width));
  const inputProduct = () => product(x, inputs * 4, w, bias, z, 16 * width, rows, 1, 0, inputs, 4 * width);
  const forward = (h: number, c: number, tanhC: number) =>
    lstmForward(z, u, h0, c0, h, hn, c, cn, tanhC, 0, steps, batch, units, tanh, sigmoid);
  return {
    input: inputProduct,
    recurrent: () => {
      const stride = 16 * width;
      for (let t = 0; t < steps; t++) product(h0, 4 * width, u, 0, y, stride, batch, 1, 0, units, 4 * width);
    },
    run: () => {
      inputProduct();
      forward(0, 0, 0);
    },
    forth: () => {
      inputProduct();
      forward(h, c, tanhC);
    },
    forthAndBack: () => {
      inputProduct();
      forward(h, c, tanhC);
      lstmBackward(z, c, tanhC, c0, dOut, dh, dc, uT, 0, steps, batch, units, tanh, sigmoid);
    },
  };
}

function gru({ inputs, units, steps, batch }: Shape, resetAfter: number) {
  const rows = steps * batch;
  const width = quad(units);
  const x = numbers(rows * inputs, 1);
  const w = numbers(inputs * 3 * width, 0.1);
  const [uGates, uCandidate] = [numbers(units * 2 * width, 0.05), numbers(units * width, 0.05)];
  const bias = numbers(3 * width, 1);
  const z = zeros(rows * 3 * width);
  const [state, kept] = [zeros(batch * width), zeros(batch * width)];
  return () => {
    product(x, inputs * 4, w, bias, z, 12 * width, rows, 1, 0, inputs, 3 * width);
    gruForward(
      z,
      uGates,
      uCandidate,
      bias,
      state,
      0,
      state,
      kept,
      0,
      steps,
      batch,
      units,
      tanh,
      sigmoid,
      resetAfter,
      0,
    );
  };
}

function simpleRnn({ inputs, units, steps, batch }: Shape) {
  const rows = steps * batch;
  const width = quad(units);
  const x = numbers(rows * inputs, 1);
  const w = numbers(inputs * width, 0.1);
  const u = numbers(units * width, 0.05);
  const [z, state] = [zeros(rows * width), zeros(batch * width)];
  return () => {
    product(x, inputs * 4, w, z, z, 4 * width, rows, 1, 0, inputs, width);
    simpleRnnForward(z, u, state, 0, state, 0, steps, batch, units, tanh);
  };
}

const microseconds = (seconds: number) => (seconds * 1e6).toFixed(2);

const stepTable: Record<string, Record<string, string>> = {};
for (const units of [16, 20, 64, 128, 256, 512]) {
  const shape = { inputs: 64, units, steps: 1, batch: 1 };
  const { input, recurrent, run, forth, forthAndBack, ...others } = await time({
    ...lstm(shape),
    gru: gru(shape, 1),
    gruResetBefore: gru(shape, 0),
    simpleRnn: simpleRnn(shape),
  });
  const perUnit = (seconds: number) => ((seconds * 1e9) / units).toFixed(2);
  stepTable[`${units} units`] = {
    'LSTM, µs': microseconds(run),
    'GFLOP/s': ((8 * units * (64 + units)) / run / 1e9).toFixed(1),
    'rest, ns a unit': perUnit(run - input - recurrent),
    'backward, µs': microseconds(forthAndBack - forth),
    'GRU, µs': microseconds(others.gru),
    'reset before, µs': microseconds(others.gruResetBefore),
    'SimpleRNN, µs': microseconds(others.simpleRnn),
  };
  arena.release();
}
console.table(stepTable);

const sequenceTable: Record<string, Record<string, string>> = {};
for (const [inputs, units, steps, batch] of [
  [1, 16, 1000, 1],
  [1, 40, 1000, 1],
  [20, 20, 50, 32],
  [64, 128, 100, 1],
  [64, 128, 100, 32],
]) {
  const shape = { inputs, units, steps, batch };
  const { run, forth, forthAndBack, ...others } = await time({ ...lstm(shape), gru: gru(shape, 1) });
  const perStep = (seconds: number) => microseconds(seconds / steps);
  const products = (8 * units * (inputs + units) * steps * batch) / 1e9;
  sequenceTable[`${inputs} → ${units}, T ${steps}, batch ${batch}`] = {
    'LSTM, µs a step': perStep(run),
    'GFLOP/s': (products / run).toFixed(1),
    'for training': perStep(forth),
    backward: perStep(forthAndBack - forth),
    GRU: perStep(others.gru),
  };
  arena.release();
}
console.table(sequenceTable);
