/** Fused plans: fewer calls, the same bits as the steps one by one. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../src/graph/compile.js';
import { emitOutput } from '../../src/graph/ends.js';
import { prepareRun, setSizes } from '../../src/graph/inputs.js';
import { functional, input, layers, sequential, type TrainableModel } from '../../src/index.js';
import { fuseSteps } from '../../src/plan/fusion.js';
import type { Plan } from '../../src/plan/plan.js';
import { PlanRunner, Run } from '../../src/plan/runner.js';
import { createRandom } from '../random.js';

const values = (count: number, seed: number): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.uniform(-2, 2));
};

/** WaveNet's layer (van den Oord et al. 2016): a gated dilated convolution, residual and skip connection. */
function wavenet(channels: number, dilations: readonly number[]): TrainableModel {
  const conv = (kernelSize: number, dilationRate: number, activation: 'linear' | 'tanh' | 'sigmoid') =>
    layers.conv1d({ filters: channels, kernelSize, dilationRate, padding: 'causal', activation });
  const x = input({ shape: [null, channels] });
  let h = x;
  const skips = dilations.map((dilation) => {
    const gates = [conv(2, dilation, 'tanh').apply(h), conv(2, dilation, 'sigmoid').apply(h)];
    const z = layers.multiply().apply(gates);
    h = layers.add().apply([h, conv(1, 1, 'linear').apply(z)]);
    return conv(1, 1, 'linear').apply(z);
  });
  return functional({ inputs: x, outputs: layers.add().apply([h, ...skips]), seed: 3 });
}

/** The values of a model's output, from its plan with fused steps or without, and the plan. */
function runPlan(
  model: TrainableModel,
  data: Float32Array,
  shape: readonly number[],
  isFused: boolean,
): [Float32Array, Plan] {
  const { graph, workspace } = model;
  const compiled = compileGraph(graph, 'predict');
  const { plan } = compiled;
  const [output] = graph.outputs;
  const dense = emitOutput(plan, output, compiled.tensorOf(output));
  if (isFused) fuseSteps(plan);
  const runner = new PlanRunner(workspace, plan);
  const run = new Run();
  setSizes(run, graph.inputs, [{ data, shape }], shape[0]);
  prepareRun('test', runner, run, [{ data, shape }]);
  const [staging] = compiled.staging.values();
  workspace.floats.set(data, runner.address(staging, run) / 4);
  runner.execute(run);
  const at = runner.address(dense, run) / 4;
  const length = (data.length / shape[2]) * output.features;
  const result = workspace.floats.slice(at, at + length);
  runner.release(run);
  return [result, plan];
}

const kernelsOf = (plan: Plan): string[] => plan.steps.map(({ kernel }) => kernel);
const callsOf = (plan: Plan): string[][] =>
  plan.steps.map(({ kernel, calls }) => calls?.map((c) => c.kernel) ?? [kernel]);

describe('the same bits as the steps one by one', () => {
  const x = input({ shape: [null, 5] });
  const branch = layers.conv1d({ filters: 7, kernelSize: 3, padding: 'same', activation: 'elu' }).apply(x);
  const other = layers.dense({ units: 7, activation: 'tanh' }).apply(x);
  const merged = layers.average().apply([branch, other, layers.maximum().apply([branch, other])]);
  const branches = functional({
    inputs: x,
    outputs: layers.dense({ units: 3, activation: 'softmax' }).apply(merged),
    seed: 4,
  });
  const models: [string, TrainableModel, number][] = [
    ['WaveNet layers', wavenet(6, [1, 2, 4, 8]), 6],
    ['branches, joined', branches, 5],
  ];
  const sizes = [
    [1, 1],
    [1, 63],
    [1, 64],
    [1, 65],
    [3, 43],
    [2, 500],
    [130, 1],
  ];
  test.each(models)('%s', (_, model, features) => {
    for (const [batch, time] of sizes) {
      const shape = [batch, time, features];
      const data = values(batch * time * features, 7 * batch + time);
      const [fused, plan] = runPlan(model, data, shape, true);
      const [single] = runPlan(model, data, shape, false);
      expect(kernelsOf(plan)).toContain('rowBlocks');
      expect(fused).toEqual(single);
      expect(model.predict({ data, shape }).data).toEqual(single);
    }
  });
});

test('a WaveNet layer takes one call on whole sequences; in a stream all of them take one', () => {
  const few = wavenet(8, [1, 2]);
  const more = wavenet(8, [1, 2, 4, 8, 16]);
  const linesOf = (model: TrainableModel, plan: 'predict' | 'stream'): string[] =>
    model
      .explain({ plan, batch: 1, time: 1 })
      .split('\n\nsteps\n')[1]
      .split('\n')
      .filter((line) => /^ *\d+ /.test(line) && !line.includes(': zero('));
  expect(linesOf(more, 'predict').length - linesOf(few, 'predict').length).toBe(3 * 1);
  expect(linesOf(more, 'stream').length).toBe(linesOf(few, 'stream').length);
  expect(more.explain({ plan: 'stream' })).toMatch(
    /\d+ {2}rowBlocks, T·B rows, a block through all of these:\n +conv1d/,
  );
});

describe('what is joined, and what is not', () => {
  test('a convolution of what the group itself writes begins a group of its own', () => {
    const x = input({ shape: [null, 4] });
    const first = layers.dense({ units: 4, activation: 'relu' }).apply(x);
    const second = layers.conv1d({ filters: 4, kernelSize: 2, padding: 'causal', activation: 'relu' }).apply(first);
    const [, plan] = runPlan(functional({ inputs: x, outputs: second }), values(40, 1), [1, 10, 4], true);
    expect(callsOf(plan)).toEqual([
      ['importRows'],
      ['zero'],
      ['product', 'activate'],
      ['product', 'activate'],
      ['exportRows'],
    ]);
  });

  test('a merge of a row with every step is left alone', () => {
    const x = input({ shape: [null, 4] });
    const last = layers.lstm({ units: 4 }).apply(x);
    const outputs = layers.multiply().apply([layers.dense({ units: 4 }).apply(x), last]);
    const model = functional({ inputs: x, outputs });
    const data = values(2 * 70 * 4, 2);
    expect(runPlan(model, data, [2, 70, 4], true)[0]).toEqual(runPlan(model, data, [2, 70, 4], false)[0]);
  });

  test('sequences of two lengths are gone through apart', () => {
    const [a, b] = [input({ shape: [null, 4], name: 'a' }), input({ shape: [null, 4], name: 'b' })];
    const outputs = [a, b].map((x) => layers.dense({ units: 4, activation: 'relu' }).apply(x));
    const { graph } = functional({ inputs: [a, b], outputs });
    const { plan } = compileGraph(graph, 'predict');
    fuseSteps(plan);
    expect(callsOf(plan).filter((calls) => calls.length > 1)).toEqual([
      ['product', 'activate'],
      ['product', 'activate'],
    ]);
  });
});

test('plans of streams of other rates are explained too', () => {
  const model = sequential({ layers: [layers.maxPooling1d({ poolSize: 2, inputShape: [null, 3] })] });
  expect(model.explain({ plan: 'stream', time: 4 })).toContain('poolStream');
});
