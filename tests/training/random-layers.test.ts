/**
 * Dropout, SpatialDropout1D and GaussianNoise in training: a step against the float64 reference, which is told what chance gave.
 * That is computed here from what documents it: the key is seed and path, the counter step, sample, time and feature.
 */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  optimizers,
  type Layer,
  type SymbolicTensor,
  type TrainableModel,
} from '../../src/index.js';
import { streamKey } from '../../src/graph/stream-key.js';
import { integersOf, trainingKernels } from '../../src/plan/training-kernels.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { chain } from '../reference/chain.js';
import { dense } from '../reference/dense.js';
import { dropout } from '../reference/dropout.js';
import { gaussianNoise } from '../reference/gaussian-noise.js';
import { loss } from '../reference/losses.js';
import type { SimplePass } from '../reference/pass.js';
import { sizeOf, tensor, toTensor, type Tensor } from '../reference/tensor.js';

const random = createRandom(97);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const [batch, time, inner, features] = [3, 4, 2, 6];
const quad = (n: number): number => Math.ceil(n / 4) * 4;

type Kind = 'dropout' | 'spatialDropout1d' | 'gaussianNoise';

/** What a kernel gives [steps, batch, width] for ones (dropout) or zeros (noise), in the first step of a training. */
function chanceOf({ workspace }: TrainableModel, kind: Kind, path: string, steps: number, width: number): Float32Array {
  const floats = steps * batch * quad(width);
  const [values, indices] = [workspace.allocate(4 * floats), workspace.allocate(4 * batch)];
  const kernels = trainingKernels(workspace);
  integersOf(workspace).set([0, 1, 2], indices / 4);
  if (kind === 'gaussianNoise') {
    const key = streamKey(`${path}/noise`);
    kernels.gaussianNoise(values, values, batch, steps, width, 1, 0, key, 0, indices);
  } else {
    kernels.fill(values, floats, 1);
    kernels.dropout(values, values, batch, steps, width, 0.4, 0, streamKey(`${path}/dropout`), 0, indices, 0);
  }
  const found = workspace.floats.slice(values / 4, values / 4 + floats);
  workspace.release(values);
  workspace.release(indices);
  return found;
}

/** Where the value (b, t, s, f) of an input lies in that. */
type Place = (b: number, t: number, s: number, f: number) => number;

interface Setting {
  /** Axes of the input behind the batch. */
  readonly axes: readonly number[];
  readonly inTimeDistributed?: true;
  /** Steps and width that random numbers count. */
  readonly counted: readonly [number, number];
  readonly place: Place;
}

const wide = quad(features);

const settings: Record<Kind, [string, Setting][]> = {
  dropout: [
    ['rows', { axes: [features], counted: [1, features], place: (b, _t, _s, f) => b * wide + f }],
    [
      'steps',
      { axes: [time, features], counted: [time, features], place: (b, t, _s, f) => (t * batch + b) * wide + f },
    ],
    [
      'inner axes',
      {
        axes: [time, inner, features],
        counted: [time, inner * wide],
        place: (b, t, s, f) => ((t * batch + b) * inner + s) * wide + f,
      },
    ],
    [
      'rows inside TimeDistributed',
      {
        axes: [time, features],
        inTimeDistributed: true,
        counted: [time, features],
        place: (b, t, _s, f) => (t * batch + b) * wide + f,
      },
    ],
    [
      'steps inside TimeDistributed',
      {
        axes: [time, inner, features],
        inTimeDistributed: true,
        counted: [inner * time, features],
        place: (b, t, s, f) => ((s * time + t) * batch + b) * wide + f,
      },
    ],
  ],
  gaussianNoise: [],
  spatialDropout1d: [
    ['steps', { axes: [time, features], counted: [1, features], place: (b, _t, _s, f) => b * wide + f }],
    [
      'inside TimeDistributed',
      {
        axes: [time, inner, features],
        inTimeDistributed: true,
        counted: [time, features],
        place: (b, t, _s, f) => (t * batch + b) * wide + f,
      },
    ],
  ],
};
settings.gaussianNoise.push(...settings.dropout);

const makers: Readonly<Record<Kind, () => Layer<unknown, SymbolicTensor>>> = {
  dropout: () => layers.dropout({ rate: 0.4 }),
  spatialDropout1d: () => layers.spatialDropout1d({ rate: 0.4 }),
  gaussianNoise: () => layers.gaussianNoise({ stddev: 0.5 }),
};

describe.each(['dropout', 'spatialDropout1d', 'gaussianNoise'] as const)('%s', (kind) => {
  test.each(settings[kind])('of %s', (_, { axes, inTimeDistributed, counted, place }) => {
    const x = input({ shape: axes });
    // A Dense layer before it shows the gradient of its input.
    const first = layers.dense({ units: features, activation: 'tanh' }).apply(x);
    const inside = makers[kind]();
    const layer = inTimeDistributed === true ? layers.timeDistributed({ layer: inside }) : inside;
    const model = functional({ inputs: x, outputs: layer.apply(first) });
    const weights = model.getWeights().map(({ shape }) => draw(...shape));
    model.setWeights(weights);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss: 'mse' });

    const given = draw(batch, ...axes);
    const found = chanceOf(model, kind, inside.title, ...counted);
    const [steps = 1, rows = 1] = axes.slice(0, -1);
    const chance = tensor(
      given.shape,
      Array.from({ length: sizeOf(given.shape) }, (_v, i) => {
        const [f, row] = [i % features, Math.floor(i / features)];
        return found[place(Math.floor(row / (steps * rows)), Math.floor(row / rows) % steps, row % rows, f)];
      }),
    );
    const kept = tensor(
      chance.shape,
      chance.data.map((value) => Number(value !== 0)),
    );
    const pass = chain(
      [
        { weights: 2, forward: (own, seen) => dense({ units: features, activation: 'tanh' }, own, [seen]) },
        {
          weights: 0,
          forward: (_own, seen): SimplePass =>
            kind === 'gaussianNoise'
              ? gaussianNoise({ stddev: 0.5 }, [], [seen], chance)
              : dropout({ rate: 0.4 }, [], [seen], kept),
        },
      ],
      weights,
      given,
    );
    const target = draw(...given.shape);
    const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
    expect(model.trainOnBatch(given, target).loss / value).toBeCloseTo(1, 5);
    const moved = model.getWeights().map((after, i) =>
      tensor(
        after.shape,
        weights[i].data.map((before, at) => before - after.data[at]),
      ),
    );
    expect(relativeError(moved, pass.backward([gradient]).weights, 1e-2)).toBeLessThan(1e-4);
  });

  test('differs from step to step; predict, evaluate and gradients have nothing of it', () => {
    const x = input({ shape: [null, features] });
    const model = functional({ inputs: x, outputs: makers[kind]().apply(x) });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const [given, target] = [draw(batch, time, features), draw(batch, time, features)];
    expect(toTensor(model.predict(given))).toEqual(given);
    expect(model.evaluate(given, target).loss).toBeCloseTo(loss('meanSquaredError', given, target).value, 5);
    expect(toTensor(model.gradients(given, target).inputs[0])).toEqual(target);
    expect(toTensor(model.stream({ batch }).push(given))).toEqual(given);
    const losses = Array.from({ length: 4 }, () => model.trainOnBatch(given, target).loss);
    expect(new Set(losses).size).toBe(4);
  });

  test('goes by sample: neither the batch split nor the order counts', async () => {
    const [given, target] = [draw(6, time, features), draw(6, time, features)];
    const lossOf = async (batchSize: number, shuffle: boolean): Promise<number> => {
      const x = input({ shape: [null, features] });
      const model = functional({ inputs: x, outputs: makers[kind]().apply(x) });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      return (await model.fit(given, target, { batchSize, shuffle, verbose: 0 })).history.loss[0];
    };
    const whole = await lossOf(6, false);
    expect((await lossOf(1, true)) / whole).toBeCloseTo(1, 6);
    expect((await lossOf(4, true)) / whole).toBeCloseTo(1, 6);
  });
});
