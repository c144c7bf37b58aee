/** What compile promises: which outputs are trained, from which inputs; what was compiled before stays until all is well. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import {
  functional,
  input,
  layers,
  optimizers,
  sequential,
  tensor,
  type CompileArguments,
  type MetricOption,
  type TrainableModel,
} from '../../src/index.js';
import type { TensorsLike } from '../../src/graph/inputs.js';
import { Layer, type LayerDefinition, type SymbolicTensor } from '../../src/graph/layer.js';
import { filled, ones, rowsOf, zeros } from '../numbers.js';
import { createRandom } from '../random.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

describe('a compile that fails', () => {
  /** A layer that has no backward steps. */
  const forwardOnly: LayerDefinition<null> = {
    className: 'ForwardOnly',
    baseName: 'forward_only',
    outputs: (_config, { inputs: [{ shape, time, batch }] }) => [{ shape, time, batch, dtype: 'float32', mask: null }],
    forward: (context) => context.emit('zero', context.result(), context.result().bytes),
  };
  const create = () => {
    const x = input({ shape: [3] });
    const hidden = layers.dense({ units: 4 }).apply(x);
    const odd = new Layer<null, SymbolicTensor>(forwardOnly, null).apply(hidden);
    const model = functional({ inputs: x, outputs: [layers.dense({ units: 1 }).apply(hidden), odd] });
    model.compile({ optimizer: 'adam', loss: ['mse', null] });
    model.trainOnBatch(ones(2, 3), zeros(2, 1));
    return model;
  };

  test('leaves the optimizer that runs as it is, with what it remembers', () => {
    const [model, quiet] = [create(), create()];
    const compile = () => model.compile({ optimizer: 'adam', loss: ['mse', 'mse'] });
    for (let attempt = 0; attempt < 2; attempt++) expect(compile).toThrow('no backward steps are known');
    // Memory that was given back would be zeros now.
    for (let block = 0; block < 20; block++) model.workspace.allocate(64);
    for (const one of [model, quiet]) one.trainOnBatch(ones(2, 3), zeros(2, 1));
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });

  test('for want of memory likewise', () => {
    const [model, quiet] = [create(), create()];
    const allocate = vi.spyOn(model.workspace, 'allocate').mockImplementation(() => {
      throw new RangeError('out of memory');
    });
    expect(() => model.compile({ optimizer: 'adam', loss: ['mse', null] })).toThrow('out of memory');
    allocate.mockRestore();
    for (const one of [model, quiet]) one.trainOnBatch(ones(2, 3), zeros(2, 1));
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });
});

describe('training only some outputs', () => {
  const random = createRandom(21);
  const draw = (...shape: number[]) => ({ data: random.normals(shape.reduce((a, b) => a * b)), shape });
  /** Three inputs; output a reads p and r, output b reads q. */
  const create = (loss: CompileArguments['loss']) => {
    const [p, q, r] = ['p', 'q', 'r'].map((name) => input({ shape: [null, 2], name }));
    const initial = layers.gru({ units: 2 }).apply(r);
    const a = layers.gru({ units: 2, name: 'a' }).apply(p, { initialState: initial });
    const b = layers.dense({ units: 1, name: 'b' }).apply(layers.simpleRNN({ units: 3 }).apply(q));
    const model = functional({ inputs: [p, q, r], outputs: [a, b] });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss });
    return model;
  };
  const [p, q, r] = [draw(4, 3, 2), draw(4, 5, 2), draw(4, 2, 2)];
  const [a, b] = [draw(4, 2), draw(4, 1)];

  test('gives the steps of a model without the others, from the inputs that those need or from all', () => {
    const [whole, some] = [create({ a: 'mse', b: 'mse' }), create({ a: 'mse' })];
    const { aLoss } = whole.trainOnBatch([p, q, r], [a, b]);
    const before = valuesOf(create('mse'));
    const given: TensorsLike[] = [[p, q, r], [p, r], { p, r }, { p, q, r }];
    for (const x of given) {
      const model = create({ a: 'mse' });
      expect(model.trainOnBatch(x, a)).toEqual({ loss: aLoss });
      // The weights of `b` come last.
      const [ours, theirs] = [valuesOf(model), valuesOf(whole)];
      const names = model.layers.flatMap((layer) => layer.weights.specs.map(() => layer.title));
      names.forEach((name, i) => {
        const isOfB = name === 'simple_rnn' || name === 'b';
        expect(ours[i], name).toEqual(isOfB ? before[i] : theirs[i]);
      });
    }
    expect(some.evaluate([p, r], a)).toEqual({ loss: aLoss });
  });

  test('from one input: as it is, in a list of its own, or among all', async () => {
    const model = create({ b: 'mse' });
    const nested = tensor(q.data, q.shape).toArray() as number[][][];
    const { loss } = model.evaluate(q, b);
    const given: TensorsLike[] = [[q], { q }, nested, [p, q, r], [p, nested, r], [[], nested, []], { p, q, r }];
    for (const x of given) {
      expect(model.evaluate(x, b).loss).toBe(loss);
    }
    // As many rows as the model has inputs are no list of inputs.
    const three = { loss: model.evaluate(rowsOf(q, 0, 3), rowsOf(b, 0, 3)).loss };
    expect(model.evaluate(nested.slice(0, 3), rowsOf(b, 0, 3))).toEqual(three);
    const { history } = await model.fit([p, q, r], b, { validationData: [q, b], shuffle: false, verbose: 0 });
    expect(history.loss[0]).toBe(loss);
  });

  test('an input that is needed must be there, one that is not known must not', () => {
    const model = create({ a: 'mse' });
    expect(() => model.trainOnBatch({ p }, a)).toThrow('functional: trainOnBatch: expected "r", got none');
    expect(() => model.trainOnBatch({ p, r, s: q }, a)).toThrow('functional: trainOnBatch: expected "p", "r", got "s"');
    expect(() => model.trainOnBatch(p, a)).toThrow('expected 2 tensors (p, r), got one');
  });
});

test('what is given by name for an output without a loss is refused: nobody would hear of it', () => {
  const x = input({ shape: [1] });
  const [a, b] = ['a', 'b'].map((name) => layers.dense({ units: 1, name }).apply(x));
  const model = functional({ inputs: x, outputs: [a, b] });
  const compile = (options: Omit<CompileArguments, 'optimizer' | 'loss'>) => {
    model.compile({ optimizer: 'sgd', loss: { a: 'mse' }, ...options });
  };
  const message = (option: string) =>
    `functional: compile: ${option}: expected those of outputs with a loss, got some of "b", which has none`;
  expect(() => compile({ metrics: { a: ['mae'], b: 'mae' } })).toThrow(message('metrics'));
  expect(() => compile({ weightedMetrics: { b: ['mae'] } })).toThrow(message('weightedMetrics'));
  expect(() => compile({ lossWeights: { b: 2 } })).toThrow(message('lossWeights'));
  compile({ metrics: ['mae'], lossWeights: [2, 1], weightedMetrics: { b: [] } });
  expect(model.evaluate([[1]], [[1]])).toHaveProperty('mae');
});

describe('metrics', () => {
  const create = (...metrics: MetricOption[]) => {
    const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics });
    return model;
  };

  test('are reported by the names they were given, in camel case', () => {
    const keysOf = (...metrics: MetricOption[]) => Object.keys(create(...metrics).trainOnBatch([[1]], [[1]]));
    expect(keysOf('mse', 'mae')).toEqual(['loss', 'mse', 'mae']);
    expect(keysOf('mean_squared_error', 'meanAbsoluteError')).toEqual([
      'loss',
      'meanSquaredError',
      'meanAbsoluteError',
    ]);
  });

  test('are given once, by whatever name', () => {
    for (const again of ['mae', 'mean_absolute_error', 'meanAbsoluteError'] as const) {
      expect(() => create('mse', 'mae', again)).toThrow(
        `sequential: compile: metrics: expected each metric once, got ["mse","mae","${again}"]`,
      );
    }
  });
});

describe('a second model over the same layers', () => {
  const shared = () => {
    const x = input({ shape: [8] });
    const hidden = layers.dense({ units: 64 }).apply(x);
    const create = (optimizer: CompileArguments['optimizer']) => {
      const model = functional({ inputs: x, outputs: hidden });
      model.compile({ optimizer, loss: 'mse' });
      return model;
    };
    const [batch, targets] = [ones(2, 8), zeros(2, 64)];
    return { create, step: (model: TrainableModel) => model.trainOnBatch(batch, targets) };
  };

  test('has its gradients where the first has them, and an optimizer of its own', () => {
    const [one, two] = [shared(), shared()];
    const first = one.create('adam');
    one.step(first);
    const allocate = vi.spyOn(first.workspace, 'allocate');
    const second = one.create('sgd');
    expect(allocate.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBe(0);
    // As one after the other with the weights carried over.
    const [same, other] = [two.create('adam'), shared().create('sgd')];
    two.step(same);
    other.setWeights(same.getWeights());
    one.step(second);
    one.step(other);
    expect(valuesOf(second)).toEqual(valuesOf(other));
    same.setWeights(other.getWeights());
    one.step(first);
    two.step(same);
    expect(valuesOf(first)).toEqual(valuesOf(same));
  });

  test('takes its optimizer’s memory with it when it is dropped', async () => {
    const { create, step } = shared();
    const first = create('adam');
    step(first);
    const blocks = new Map<number, number>();
    const { workspace } = first;
    const [allocate, release] = [workspace.allocate.bind(workspace), workspace.release.bind(workspace)];
    vi.spyOn(workspace, 'allocate').mockImplementation((bytes) => {
      const address = allocate(bytes);
      blocks.set(address, bytes);
      return address;
    });
    vi.spyOn(workspace, 'release').mockImplementation((address) => {
      blocks.delete(address);
      release(address);
    });
    for (let model = 0; model < 5; model++) step(create('adam'));
    expect(blocks.size).toBeGreaterThan(0);
    for (let round = 0; round < 10 && blocks.size > 0; round++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(blocks.size).toBe(0);
    step(first);
  });
});

describe('a weight that no trained output needs', () => {
  test('may be what it likes', () => {
    const x = input({ shape: [2] });
    const [a, b] = ['a', 'b'].map((name) => layers.dense({ units: 1, name, useBias: false }).apply(x));
    const model = functional({ inputs: x, outputs: [a, b] });
    model.setWeights([ones(2, 1), filled(NaN, 2, 1)]);
    model.compile({ optimizer: optimizers.adam({ learningRate: 1e30 }), loss: { a: 'mse' } });
    expect(model.trainOnBatch(ones(1, 2), zeros(1, 1))).toEqual({ loss: 4 });
  });
});
