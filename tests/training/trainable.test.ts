/** Layers that are not trainable: their weights get no step, the others the same as always. */
import { describe, expect, test } from 'vitest';
import {
  callbacks,
  functional,
  input,
  layers,
  loadModel,
  optimizers,
  sequential,
  type TrainableModel,
} from '../../src/index.js';
import { createRandom } from '../random.js';
import { sizeOf, tensor, type Tensor } from '../reference/tensor.js';

const random = createRandom(61);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);
const [x, y] = [draw(4, 5, 3), draw(4, 1)];

/** Eight weights: three of each recurrent layer, two of the Dense. */
const create = (frozen: { lstm?: boolean; gru?: boolean; dense?: boolean } = {}) =>
  sequential({
    layers: [
      layers.lstm({ units: 4, returnSequences: true, inputShape: [null, 3], trainable: frozen.lstm !== true }),
      layers.gru({ units: 3, trainable: frozen.gru !== true }),
      layers.dense({ units: 1, trainable: frozen.dense !== true }),
    ],
  });
const range = { lstm: [0, 3], gru: [3, 6], dense: [6, 8] } as const;

describe.each(['lstm', 'gru', 'dense'] as const)('the %s alone', (name) => {
  test('keeps its weights, the others move as if it were trained', () => {
    const [model, whole] = [create({ [name]: true }), create()];
    expect(model.getLayer(name).trainable).toBe(false);
    const before = valuesOf(model);
    for (const one of [model, whole]) {
      one.compile({ optimizer: 'adam', loss: 'mse' });
      one.trainOnBatch(x, y);
    }
    const [from, to] = range[name];
    valuesOf(model).forEach((values, i) => {
      expect(values).toEqual(i >= from && i < to ? before[i] : valuesOf(whole)[i]);
    });
  });
});

test('the norm that clips is that of the weights that are trained', () => {
  const model = create({ lstm: true, gru: true });
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1, globalClipNorm: 1e-3 }), loss: 'mse' });
  const before = valuesOf(model);
  model.trainOnBatch(x, y);
  const moved = valuesOf(model).flatMap((values, i) => Array.from(values, (value, at) => value - before[i][at]));
  expect(Math.hypot(...moved)).toBeCloseTo(1e-3, 7);
});

test('the property counts when the model is compiled', () => {
  const model = create();
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const dense = model.getLayer('dense');
  dense.trainable = false;
  const [, , , , , , kernel] = valuesOf(model);
  model.trainOnBatch(x, y);
  expect(valuesOf(model)[6]).not.toEqual(kernel);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const after = valuesOf(model);
  model.trainOnBatch(x, y);
  expect(valuesOf(model).slice(6)).toEqual(after.slice(6));
  expect(valuesOf(model)[0]).not.toEqual(after[0]);
  expect(() => {
    dense.trainable = 0 as never;
  }).toThrow('dense: trainable: expected true or false, got 0');
});

test('set since the model was compiled, it is not saved with the optimizer, which is of other layers', async () => {
  const model = create();
  model.compile({ optimizer: 'adam', loss: 'mse' });
  model.getLayer('dense').trainable = false;
  const message = 'sequential: optimizer: trainable was set since the model was compiled; compile it again';
  expect(() => model.toSafetensors({ optimizer: true })).toThrow(message);
  const before = valuesOf(model);
  for (const callback of [callbacks.modelCheckpoint({ path: 'x' }), callbacks.backupAndRestore({ path: 'x' })]) {
    await expect(model.fit(x, y, { verbose: 0, callbacks: [callback] })).rejects.toThrow(message);
  }
  expect(valuesOf(model)).toEqual(before);
  expect(loadModel(model.toSafetensors()).getLayer('dense').trainable).toBe(false);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  expect(loadModel(model.toSafetensors({ optimizer: true })).optimizer.iterations).toBe(0);
});

test('a model that is not trainable has a loss and moves nothing', () => {
  const model = create();
  model.trainable = false;
  expect(model.trainable).toBe(false);
  expect(model.getLayer('gru').trainable).toBe(false);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const before = valuesOf(model);
  expect(model.trainOnBatch(x, y)).toEqual(model.evaluate(x, y));
  expect(valuesOf(model)).toEqual(before);
  model.trainable = true;
  expect(model.getLayer('gru').trainable).toBe(true);
});

test('all gradients are there, trainable or not', () => {
  const cotangents = draw(4, 1);
  const gradientsOf = (model: TrainableModel) => model.gradients(x, cotangents).weights.map(({ data }) => data);
  const model = create({ lstm: true, dense: true });
  expect(gradientsOf(model)).toEqual(gradientsOf(create()));
});

test('what is inside a wrapper follows it', () => {
  const inner = layers.dense({ units: 2 });
  const wrapper = layers.timeDistributed({ layer: inner, inputShape: [null, 3], trainable: false });
  expect(inner.trainable).toBe(false);
  const model = sequential({ layers: [wrapper, layers.gru({ units: 1 })] });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const before = valuesOf(model);
  model.trainOnBatch(x, y);
  expect(valuesOf(model).slice(0, 2)).toEqual(before.slice(0, 2));
  expect(valuesOf(model)[2]).not.toEqual(before[2]);
  const kept = layers.dense({ units: 2, trainable: false });
  layers.timeDistributed({ layer: kept, trainable: true });
  expect(kept.trainable).toBe(false);
});

test('both directions of a bidirectional layer follow it', () => {
  const wrapper = layers.bidirectional({ layer: layers.lstm({ units: 2 }), inputShape: [null, 3], trainable: false });
  const model = sequential({ layers: [wrapper, layers.dense({ units: 1 })] });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const before = valuesOf(model);
  model.trainOnBatch(x, y);
  expect(before).toHaveLength(8);
  expect(valuesOf(model).slice(0, 6)).toEqual(before.slice(0, 6));
  expect(valuesOf(model)[6]).not.toEqual(before[6]);
});

test('two models over the same layers train different ones of them: a generator against a fixed judge', () => {
  const noise = input({ shape: [null, 3] });
  const made = layers.gru({ units: 2, returnSequences: true, name: 'generator' }).apply(noise);
  const judge = layers.lstm({ units: 2, name: 'judge' });
  const shown = input({ shape: [null, 2] });
  const judging = functional({ inputs: shown, outputs: judge.apply(shown) });
  judging.compile({ optimizer: 'sgd', loss: 'mse' });
  judge.trainable = false;
  const both = functional({ inputs: noise, outputs: judge.apply(made) });
  both.compile({ optimizer: 'sgd', loss: 'mse' });
  const [before, target] = [valuesOf(both), draw(4, 2)];
  both.trainOnBatch(x, target);
  const between = valuesOf(both);
  expect(between.slice(3)).toEqual(before.slice(3));
  expect(between[0]).not.toEqual(before[0]);
  judging.trainOnBatch(draw(4, 5, 2), target);
  expect(valuesOf(both).slice(0, 3)).toEqual(between.slice(0, 3));
  expect(valuesOf(both)[3]).not.toEqual(between[3]);
});
