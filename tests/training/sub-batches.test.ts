/** A batch may be run in parts: no gradient is written before all rows are counted, and with the counts of all the parts add up. */
import { expect, test } from 'vitest';
import { functional, input, layers } from '../../src/index.js';
import { CountingPlan } from '../../src/training/counted-plan.js';
import type { Data } from '../../src/training/data.js';
import { readObjectives } from '../../src/training/objectives.js';
import { Parameters } from '../../src/training/parameters.js';
import { WeightPenalties } from '../../src/training/penalties.js';
import { TrainingPlan } from '../../src/training/training-plan.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { toTensor } from '../reference/tensor.js';

const random = createRandom(2);
const draw = (...shape: number[]) => ({ data: random.normals(shape.reduce((a, b) => a * b)), shape });

function create() {
  const [x, mask] = [input({ shape: [null, 3] }), input({ shape: [null], dtype: 'bool' })];
  const h = layers.lstm({ units: 4, returnSequences: true }).apply(x, { mask });
  const a = layers.dense({ units: 2, name: 'a' }).apply(h);
  const b = layers.dense({ units: 1, name: 'b' }).apply(layers.gru({ units: 2 }).apply(h));
  const model = functional({ inputs: [x, mask], outputs: [a, b] });
  const { graph, workspace, outputNames } = model;
  const given = { loss: ['huber', 'mse'], lossWeights: [0.5, 2], metrics: ['mae', 'rmse'] };
  const objectives = readObjectives('compile', workspace, outputNames, given);
  const parameters = new Parameters(graph, workspace);
  const penalties = { weights: new WeightPenalties(workspace, []), outputs: [] };
  return {
    parameters,
    workspace,
    objectives,
    plan: new TrainingPlan(graph, workspace, objectives, penalties, parameters),
  };
}

const mask = { data: Float32Array.from({ length: 35 }, () => random.integer(0, 1)), shape: [7, 5] };
const data: Data = {
  inputs: [draw(7, 5, 3), mask],
  targets: [draw(7, 5, 2), draw(7, 1)],
  weights: [draw(7, 5), null],
  rows: 7,
};

test('every step that counts comes before the first that writes a gradient', () => {
  const { plan } = create();
  const { steps } = plan.compiled.plan;
  const names = steps.map(({ kernel }) => kernel);
  expect(names.lastIndexOf('countRows')).toBeLessThan(plan.forwardSteps);
  const losses = steps.flatMap(({ kernel, arguments: args }, i) =>
    kernel === 'elementLoss' && args[3] !== 0 ? [i] : [],
  );
  expect(losses.length).toBe(2);
  expect(Math.min(...losses)).toBeGreaterThanOrEqual(plan.forwardSteps);
  expect(names.slice(0, plan.forwardSteps).some((name) => /Backward|Gradient/.test(name))).toBe(false);
});

test('parts with the counts of all give the loss, the sums and the gradients of the whole', () => {
  const { plan, parameters, workspace, objectives } = create();
  const place = { seed: 0, epoch: 0 };
  const parts = [Int32Array.of(0, 1, 2), Int32Array.of(3, 4), Int32Array.of(5, 6)];

  const counting = new CountingPlan(plan.graph, workspace, objectives);
  const countsOf = (indices: Int32Array) => counting.count('test', data, indices, place);
  const run = (indices: Int32Array, counts?: readonly number[]) => {
    plan.prepare('test', data, indices.length, place, data.rows);
    plan.forward(data, indices);
    return plan.backward(counts);
  };
  const all = Int32Array.of(0, 1, 2, 3, 4, 5, 6);
  parameters.zeroGradients();
  const whole = run(all);
  const gradients = parameters.readGradients().map(toTensor);
  const counts = countsOf(all);
  expect(counts).toEqual([mask.data.reduce((a, b) => a + b), 7]);
  const counted = parts.map(countsOf);
  expect(counts.map((_, i) => counted.reduce((sum, own) => sum + own[i], 0))).toEqual(counts);

  parameters.zeroGradients();
  const errors = parts.map((part) => run(part, counts));
  expect(errors.reduce((sum, { loss }) => sum + loss, 0)).toBeCloseTo(whole.loss, 10);
  // What losses and metrics sum, counts among it.
  whole.sums.forEach((sum, i) => {
    expect(errors.reduce((total, { sums }) => total + sums[i], 0)).toBeCloseTo(sum, 10);
  });
  expect(relativeError(parameters.readGradients().map(toTensor), gradients)).toBeLessThan(1e-5);
});
