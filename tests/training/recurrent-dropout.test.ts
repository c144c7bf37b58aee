/**
 * Dropout inside recurrent layers, in training: a step against the float64 reference, which is told what was kept. That is
 * computed here from what documents it: the key is seed and path, the counter epoch (or step), sample, gate and unit.
 */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  optimizers,
  sequential,
  type Layer,
  type SymbolicTensor,
  type TrainableModel,
} from '../../src/index.js';
import { streamKey } from '../../src/graph/stream-key.js';
import { integersOf, trainingKernels } from '../../src/plan/training-kernels.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { chain, type Link } from '../reference/chain.js';
import { dense } from '../reference/dense.js';
import { loss } from '../reference/losses.js';
import type { Kept } from '../reference/recurrence.js';
import { recurrent } from '../reference/recurrent.js';
import { timeDistributedOver } from '../reference/time-distributed.js';
import { sizeOf, tensor, toTensor, type Mask, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(71);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const [batch, time, features, units] = [3, 5, 6, 4];

type Kind = 'simpleRNN' | 'lstm' | 'gru';
type Make = (options: { units: number; inputShape?: (number | null)[] } & Rates) => Layer<unknown, SymbolicTensor>;
const makers: Readonly<Record<Kind, Make>> = layers;
const gateCounts = { simpleRNN: 1, lstm: 4, gru: 3 } as const;
const kinds: [string, Kind, object][] = [
  ['simpleRNN', 'simpleRNN', {}],
  ['lstm', 'lstm', {}],
  ['gru', 'gru', {}],
  ['gru that resets before its product', 'gru', { resetAfter: false }],
];

/** What is kept of [batch, width], for each gate, in the first step of a model's training; seen by sample and `count` choices. */
function keptBy(model: TrainableModel, path: string, rate: number, count: number, width: number, epoch = 0): Tensor[] {
  const { workspace } = model;
  const floats = count * batch * Math.ceil(width / 4) * 4;
  const [ones, indices] = [workspace.allocate(4 * floats), workspace.allocate(4 * batch)];
  const kernels = trainingKernels(workspace);
  kernels.fill(ones, floats, 1);
  integersOf(workspace).set([0, 1, 2], indices / 4);
  kernels.dropout(ones, ones, batch, count, width, rate, 0, streamKey(path), epoch, indices, 0);
  const rows = workspace.floats.slice(ones / 4, ones / 4 + floats);
  workspace.release(ones);
  workspace.release(indices);
  const stride = floats / (count * batch);
  return Array.from({ length: count }, (_, choice) =>
    tensor(
      [batch, width],
      Array.from({ length: batch * width }, (_v, i) =>
        Number(rows[(choice * batch + Math.floor(i / width)) * stride + (i % width)] !== 0),
      ),
    ),
  );
}

/** One mask for all gates; with recurrent dropout one for each (Keras 3.16). */
function keptIn(model: TrainableModel, path: string, kind: Kind, rates: Rates, epoch = 0): Kept {
  const { dropout = 0, recurrentDropout = 0 } = rates;
  const gates = recurrentDropout > 0 ? gateCounts[kind] : 1;
  return {
    ...(dropout > 0 && { input: keptBy(model, `${path}/dropout`, dropout, gates, features, epoch) }),
    ...(recurrentDropout > 0 && {
      recurrent: keptBy(model, `${path}/recurrentDropout`, recurrentDropout, gates, units, epoch),
    }),
  };
}

interface Rates {
  readonly dropout?: number;
  readonly recurrentDropout?: number;
}

const drawWeights = (model: TrainableModel): Tensors => {
  const weights = model.getWeights().map(({ shape }) => draw(...shape));
  model.setWeights(weights);
  return weights;
};

function expectMoved(model: TrainableModel, weights: Tensors, gradients: Tensors): void {
  const moved = model.getWeights().map((after, i) => {
    const before = weights[i];
    return tensor(
      before.shape,
      before.data.map((value, at) => value - after.data[at]),
    );
  });
  expect(relativeError(moved, gradients, 1e-2)).toBeLessThan(1e-4);
}

const settings: [Rates, object, boolean][] = [
  [{ dropout: 0.4 }, { returnSequences: true }, false],
  [{ recurrentDropout: 0.4 }, {}, false],
  [{ dropout: 0.3, recurrentDropout: 0.5 }, { returnSequences: true }, false],
  [{ dropout: 0.4 }, { goBackwards: true }, true],
  [{ dropout: 0.3, recurrentDropout: 0.5 }, { goBackwards: true, returnSequences: true, useBias: false }, true],
];
const mask: Mask = ['11101', '01011', '00000'].map((row) => Array.from(row, (step) => step === '1'));

describe.each(kinds)('%s', (_, kind, own) => {
  test.each(settings)('drops %o, with %o, masked: %o', (rates, options, isMasked) => {
    const config = { units, ...own, ...options, ...rates };
    const x = input({ shape: [null, features] });
    const steps = input({ shape: [null], dtype: 'bool' });
    // A Dense layer before it shows the gradient of its inputs, one behind it that a mask goes on.
    const first = layers.dense({ units: features, activation: 'tanh' }).apply(x);
    const layer = makers[kind](config);
    const h = layer.apply(first, isMasked ? { mask: steps } : {});
    const outputs = layers.dense({ units: 2 }).apply(h);
    const model = functional({ inputs: isMasked ? [x, steps] : x, outputs });
    const weights = drawWeights(model);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss: 'mse' });

    const given = draw(batch, time, features);
    const kept = keptIn(model, layer.title, kind, rates);
    const links: Link[] = [
      { weights: 2, forward: (ours, seen) => dense({ units: features, activation: 'tanh' }, ours, [seen]) },
      {
        weights: weights.length - 4,
        forward: (ours, seen) => recurrent({ layer: kind, config }, ours, [seen], isMasked ? mask : undefined, kept),
      },
      { weights: 2, forward: (ours, seen) => dense({ units: 2 }, ours, [seen]) },
    ];
    const pass = chain(links, weights, given);
    const target = draw(...pass.outputs[0].shape);
    const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target, pass.mask);
    const masks = isMasked ? [tensor([batch, time], mask.flat().map(Number))] : [];
    expect(model.trainOnBatch([given, ...masks], target).loss / value).toBeCloseTo(1, 5);
    expectMoved(model, weights, pass.backward([gradient]).weights);
  });

  test('drops something else at each step, and nothing in predict, evaluate and gradients', () => {
    const rates = { dropout: 0.5, recurrentDropout: 0.5 };
    const make = (dropping: Rates) =>
      sequential({ layers: [makers[kind]({ units, ...own, ...dropping, inputShape: [null, features] })] });
    const [model, plain] = [make(rates), make({})];
    plain.setWeights(model.getWeights());
    const [x, y] = [draw(batch, time, features), draw(batch, units)];
    expect(model.predict(x).data).toEqual(plain.predict(x).data);
    const gradientsOf = (one: TrainableModel) => one.gradients(x, y).weights.map(({ data }) => data);
    expect(gradientsOf(model)).toEqual(gradientsOf(plain));
    for (const one of [model, plain]) one.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse' });
    expect(model.evaluate(x, y)).toEqual(plain.evaluate(x, y));
    const losses = Array.from({ length: 5 }, () => model.trainOnBatch(x, y).loss);
    expect(new Set(losses).size).toBe(5);
  });

  test('drops by sample: the batch split does not count, nor does the order', async () => {
    const dropping = { dropout: 0.3, recurrentDropout: 0.4 };
    const [x, y] = [draw(6, time, features), draw(6, units)];
    const lossOf = async (batchSize: number, shuffle: boolean): Promise<number> => {
      const model = sequential({
        layers: [makers[kind]({ units, ...own, ...dropping, inputShape: [null, features] })],
      });
      model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse' });
      const { history } = await model.fit(x, y, { batchSize, shuffle, verbose: 0 });
      return history.loss[0];
    };
    const whole = await lossOf(6, false);
    for (const [size, shuffle] of [
      [1, false],
      [2, true],
      [4, true],
    ] as const) {
      expect((await lossOf(size, shuffle)) / whole).toBeCloseTo(1, 6);
    }
  });

  test('no step leaves the initial state, dropped or not', () => {
    const dropping = { dropout: 0.3, recurrentDropout: 0.4 };
    const model = sequential({ layers: [makers[kind]({ units, ...own, ...dropping, inputShape: [null, features] })] });
    model.compile({ optimizer: 'sgd', loss: 'mae' });
    const before = model.getWeights().map(({ data }) => data);
    expect(
      model.trainOnBatch({ data: new Float32Array(0), shape: [2, 0, features] }, [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ]).loss,
    ).toBe(1);
    expect(model.getWeights().map(({ data }) => data)).toEqual(before);
  });
});

test('inside TimeDistributed each sequence has choices of its own', () => {
  const rates = { dropout: 0.3, recurrentDropout: 0.5 };
  const outer = 2;
  const x = input({ shape: [outer, time, features] });
  const layer = layers.lstm({ units, ...rates });
  const model = functional({ inputs: x, outputs: layers.timeDistributed({ layer }).apply(x) });
  const weights = drawWeights(model);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss: 'mse' });
  const gates = 4;
  const inputs = keptBy(model, `${layer.title}/dropout`, rates.dropout, gates * outer, features);
  const states = keptBy(model, `${layer.title}/recurrentDropout`, rates.recurrentDropout, gates * outer, units);
  const at = (all: Tensors, step: number): Tensor[] =>
    Array.from({ length: gates }, (_, gate) => all[gate * outer + step]);
  const [given, target] = [draw(batch, outer, time, features), draw(batch, outer, units)];
  const pass = timeDistributedOver(
    (own, seen, step) =>
      recurrent({ layer: 'lstm', config: { units, ...rates } }, own, seen, undefined, {
        input: at(inputs, step),
        recurrent: at(states, step),
      }),
    weights,
    [given],
  );
  const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
  expect(model.trainOnBatch(given, target).loss / value).toBeCloseTo(1, 5);
  expectMoved(model, weights.map(toTensor), pass.backward([gradient]).weights);
});
