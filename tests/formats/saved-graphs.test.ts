/** Graphs as files hold them: models inside of models, layers of one's own, masks, shared layers come back as what they were. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  loadModel,
  optimizers,
  sequential,
  type Layer,
  type SymbolicTensor,
  type TrainableModel,
} from '../../src/index.js';
import { loadModel as loadForInference } from '../../src/inference.js';
import { drawWeights } from '../properties/random-models.js';
import { createRandom } from '../random.js';

const random = createRandom(31);
const x = { data: random.normals(4 * 6 * 2), shape: [4, 6, 2] };

/** Two parts, called in another order than they are listed in, and what is made in each call. */
const unit = (name?: string) =>
  layers.custom({
    ...(name !== undefined && { name }),
    layers: { last: layers.dense({ units: 2, activation: 'tanh' }), first: layers.dense({ units: 2 }) },
    call: ([tensor], { first, last }) => {
      const dropped = layers.dropout({ rate: 0.3 }).apply(first.apply(tensor));
      return layers.add().apply([last.apply(dropped), tensor]);
    },
  });

/** A chain of layers that takes [batch, time, 2]. */
const chain = (...more: Layer[]) => {
  const start = input({ shape: [null, 2] });
  return functional({
    inputs: start,
    outputs: [...more].reduce((tensor, layer) => layer.call(tensor).outputs[0], start),
  });
};

const encoder = () =>
  sequential({
    name: 'encoder',
    layers: [layers.dense({ units: 2, inputShape: [null, 2] }), layers.gru({ units: 2, returnSequences: true })],
  });

/** What it takes is an input of its own in a file, which a summary shows. */
const middle = 'a model from the middle of a graph';

const graphs: Record<string, () => TrainableModel> = {
  'a layer of one’s own, used twice': () => {
    const [start, own] = [input({ shape: [null, 2] }), unit('own')];
    return functional({ inputs: start, outputs: layers.dense({ units: 2 }).apply(own.apply(own.apply(start))) });
  },
  'a layer of one’s own that was called outside of the model, too': () => {
    const own = unit();
    own.apply(input({ shape: [null, 2] }));
    return chain(own);
  },
  'one whose parts are composites': () =>
    chain(
      layers.custom({
        layers: {
          both: layers.bidirectional({ layer: layers.lstm({ units: 1, returnSequences: true, name: 'mine' }) }),
          inner: unit(),
          model: encoder(),
          unused: layers.dense({ units: 3 }),
        },
        call: ([tensor], { both, inner, model }) => model.call(inner.call(both.call(tensor).outputs).outputs).outputs,
      }),
    ),
  'a model that is a layer, beside one of a layer’s name': () => {
    const inner = encoder();
    return sequential({ layers: [inner, layers.dense({ units: 3 }), layers.dense({ units: 2, activation: 'tanh' })] });
  },
  'a model that is called twice': () => {
    const [start, inner] = [input({ shape: [null, 2] }), chain(unit(), layers.dense({ units: 2 })).asLayer()];
    return functional({ inputs: start, outputs: inner.call(inner.call(start).outputs).outputs });
  },
  'a model for each step': () => {
    const steps = sequential({ layers: [layers.dense({ units: 3, inputShape: [2] }), layers.dense({ units: 2 })] });
    return sequential({ layers: [layers.timeDistributed({ layer: steps, inputShape: [null, 2] })] });
  },
  'two models that share a layer with the graph around them': () => {
    const [start, shared] = [input({ shape: [null, 2] }), layers.dense({ units: 2, name: 'shared' })];
    const [one, other] = [
      chain(shared, layers.dense({ units: 2 })),
      chain(layers.gru({ units: 2, returnSequences: true }), shared),
    ];
    const end = other.asLayer().call(one.asLayer().call(start).outputs).outputs[0];
    return functional({ inputs: start, outputs: layers.add().apply([end, shared.apply(start)]) });
  },
  [middle]: () => {
    const hidden = layers.dense({ units: 2, name: 'before' }).apply(input({ shape: [null, 2] }));
    return functional({ inputs: hidden, outputs: layers.lstm({ units: 3 }).apply(hidden) });
  },
  'a mask that another tensor carries': () => {
    const masked = layers.masking().apply(input({ shape: [null, 2], name: 'x' }));
    const wide = layers.conv1d({ filters: 3, kernelSize: 2, padding: 'causal' }).apply(masked);
    return functional({
      inputs: masked.node.inputs,
      outputs: layers.gru({ units: 2 }).apply(wide, { mask: masked.mask ?? undefined }),
    });
  },
  'several inputs and outputs, states from one layer to another': () => {
    const [start, state] = [input({ shape: [null, 2], name: 'b' }), input({ shape: [3], name: 'a' })];
    const [sequence, last] = layers
      .gru({ units: 3, returnSequences: true, returnState: true })
      .apply(start, { initialState: state });
    const next = layers
      .simpleRNN({ units: 3 })
      .apply(sequence, { initialState: layers.dense({ units: 3 }).apply(last) });
    return functional({ inputs: [start, state], outputs: [next, last] });
  },
  'frozen layers': () => {
    const [own, both] = [
      unit(),
      layers.bidirectional({ layer: layers.lstm({ units: 1, returnSequences: true, trainable: false }) }),
    ];
    own.trainable = false;
    const inner = chain(layers.dense({ units: 2, trainable: false }), layers.dense({ units: 2 }));
    return chain(own, both, inner.asLayer());
  },
};

const inputsOf = ({ graph }: TrainableModel) =>
  graph.inputs.map(({ time, features }) =>
    time === null ? { data: random.normals(4 * features), shape: [4, features] } : x,
  );

const flags = ({ graph }: TrainableModel) =>
  graph.leaves
    .filter(({ weights }) => weights.specs.length > 0)
    .map(({ title, trainable, isTrained }) => [title, trainable, isTrained]);

const valuesOf = (tensors: readonly { data: Float32Array }[]) => tensors.map(({ data }) => data);

describe.each(Object.entries(graphs))('%s', (name, make) => {
  test('is the same model again: results, weights in their order, layers, names and flags, and the same bytes', () => {
    const model = drawWeights(make(), 5);
    const bytes = model.toSafetensors();
    const again = loadModel(bytes);
    const given = inputsOf(model);
    const expected = valuesOf(model.predictAll(given));
    expect(valuesOf(again.predictAll(given))).toEqual(expected);
    expect(valuesOf(loadForInference(bytes).predictAll(given))).toEqual(expected);
    expect(valuesOf(again.getWeights())).toEqual(valuesOf(model.getWeights()));
    expect(flags(again)).toEqual(flags(model));
    expect([...again.outputNames.values()]).toEqual([...model.outputNames.values()]);
    if (name !== middle) expect(again.summary(() => undefined)).toBe(model.summary(() => undefined));
    expect(again.toSafetensors()).toEqual(bytes);
  });

  test('trains on as if it had never been saved, dropout and momentum included', () => {
    const model = make();
    const given = inputsOf(model);
    const targets = model.predictAll(given).map(({ data, shape }) => ({ data: random.normals(data.length), shape }));
    const optimizer = optimizers.sgd({ learningRate: 0.1, momentum: 0.9 });
    model.compile({ optimizer, loss: targets.map(() => 'mse' as const) });
    for (let step = 0; step < 5; step++) model.trainOnBatch(given, targets);
    const again = loadModel(model.toSafetensors({ optimizer: true }));
    for (let step = 0; step < 10; step++) {
      expect(again.trainOnBatch(given, targets)).toEqual(model.trainOnBatch(given, targets));
    }
    expect(again.toSafetensors({ optimizer: true })).toEqual(model.toSafetensors({ optimizer: true }));
  });
});

describe('layers that models inside have in common', () => {
  const rows = { data: random.normals(3 * 2), shape: [3, 2] };

  test('and the model itself, before and behind the model inside', () => {
    const [d, g] = [layers.dense({ units: 2 }), layers.dense({ units: 2 })];
    const inner = input({ shape: [2] });
    const model = functional({ inputs: inner, outputs: g.apply(d.apply(inner)) });
    const outer = input({ shape: [2] });
    const whole = functional({ inputs: outer, outputs: g.apply(model.apply(d.apply(outer))) });
    expect(loadModel(whole.toSafetensors()).predict(rows).data).toEqual(whole.predict(rows).data);
  });

  test('at several levels', () => {
    const [d, g] = [layers.dense({ units: 2 }), layers.dense({ units: 2 })];
    const one = sequential({ layers: [layers.dense({ units: 2, inputShape: [2] }), d] });
    const two = sequential({ layers: [one, g] });
    const x = input({ shape: [2] });
    const calls = [one, d, two, g, one, two];
    const outputs = calls.reduce<SymbolicTensor>((h, part) => part.apply(h) as SymbolicTensor, x);
    const whole = functional({ inputs: x, outputs });
    expect(loadModel(whole.toSafetensors()).predict(rows).data).toEqual(whole.predict(rows).data);
  });

  test('and a model without weights, called inside of a layer of one’s own', () => {
    const x = input({ shape: [2] });
    const bend = functional({ inputs: x, outputs: layers.activation({ activation: 'tanh' }).apply(x) });
    const own = layers.custom({
      layers: { d: layers.dense({ units: 2 }) },
      call: ([h], { d }) => bend.apply(d.apply(h)) as SymbolicTensor,
    });
    const model = functional({ inputs: x, outputs: own.apply(own.apply(x)) });
    expect(loadModel(model.toSafetensors()).predict(rows).data).toEqual(model.predict(rows).data);
  });
});

describe('what no file can hold is named', () => {
  test.each<[string, () => TrainableModel, string]>([
    [
      'a layer with a name that is kept for training',
      () => sequential({ layers: [layers.dense({ units: 1, name: 'training:x', inputShape: [1] })] }),
      'training:x/kernel: no file can hold a layer whose name begins with "training:"',
    ],
    [
      'a layer with weights that is made in a call',
      () => chain(layers.custom({ call: ([tensor]) => layers.dense({ units: 2 }).apply(tensor) })),
      'custom/dense_0: a file can hold a layer with weights only among the custom layer',
    ],
    [
      'a layer that is another at each call',
      () => {
        let calls = 0;
        const own = layers.custom({
          call: ([a]) => layers.activation({ activation: calls++ > 0 ? 'tanh' : 'relu' }).apply(a),
        });
        const start = input({ shape: [null, 2] });
        return functional({ inputs: start, outputs: own.apply(own.apply(start)) });
      },
      'custom: no file can hold it, as its `call` makes something else at each call',
    ],
  ])('%s', (_, make, expected) => {
    expect(() => make().toSafetensors()).toThrow(expected);
  });
});
