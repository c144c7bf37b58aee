/** Models as layers, and layers of one's own: they share weights, train, stream, and are what they are made of. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  loadModel,
  sequential,
  type SymbolicTensor,
  type TrainableModel,
} from '../../src/index.js';
import { createRandom } from '../random.js';

const random = createRandom(5);
const draw = (...shape: number[]) => ({
  data: Float32Array.from(random.normals(shape.reduce((a, b) => a * b, 1))),
  shape,
});

/** Both models have the same weights, in the same order; they must do the same, to the bit. */
function expectTheSame(one: TrainableModel, other: TrainableModel, x: ReturnType<typeof draw>): void {
  other.setWeights(one.getWeights());
  expect(one.predict(x).data).toEqual(other.predict(x).data);
  const target = draw(...one.predict(x).shape);
  for (const model of [one, other]) model.compile({ optimizer: 'adam', loss: 'mse' });
  for (let step = 0; step < 3; step++) {
    expect(one.trainOnBatch(x, target).loss).toBe(other.trainOnBatch(x, target).loss);
  }
  expect(one.getWeights().map(({ data }) => data)).toEqual(other.getWeights().map(({ data }) => data));
  const [session, whole] = [one.stream({ batch: x.shape[0] }), one.predict(x)];
  expect(session.push(x).data).toEqual(whole.data);
}

describe('a model as a layer', () => {
  test('in another, in a third and in TimeDistributed: its layers keep their names, and serve elsewhere too', () => {
    const dense = layers.dense({ units: 3, inputShape: [3] });
    const one = sequential({ layers: [dense, layers.dense({ units: 3 })] });
    const other = sequential({ layers: [one, layers.dense({ units: 3 })] });
    const whole = sequential({ layers: [other, other] });
    const word = input({ shape: [null, 3] });
    const steps = functional({ inputs: word, outputs: layers.timeDistributed({ layer: whole }).apply(word) });
    expect(dense.title).toBe('dense');
    const again = sequential({ layers: [dense] });
    expect(again.getWeights()[0].data).toEqual(steps.getWeights()[0].data);

    const kernels = steps.getWeights().filter(({ shape }) => shape.length === 2);
    expect(new Set(kernels.map(({ data }) => data.join())).size).toBe(3);
    const x = draw(2, 4, 3);
    expect(loadModel(steps.toSafetensors()).predict(x).data).toEqual(steps.predict(x).data);
  });

  const inner = () =>
    sequential({
      name: 'inner',
      layers: [layers.lstm({ units: 4, returnSequences: true, inputShape: [null, 3] }), layers.dense({ units: 5 })],
    });
  const flat = () =>
    sequential({
      layers: [
        layers.lstm({ units: 4, returnSequences: true, inputShape: [null, 3] }),
        layers.dense({ units: 5 }),
        layers.gru({ units: 2, returnSequences: true }),
      ],
    });

  test('in a chain is its layers in a row', () => {
    const nested = sequential({ layers: [inner(), layers.gru({ units: 2, returnSequences: true })] });
    expect(nested.layers.map(({ title }) => title)).toEqual(['input', 'inner', 'gru']);
    expectTheSame(nested, flat(), draw(3, 6, 3));
  });

  test('called twice shares its weights, with those of the model itself', () => {
    const model = inner();
    const [a, b] = [input({ shape: [null, 3] }), input({ shape: [null, 3] })];
    const outputs = layers.add().apply([model.apply(a) as SymbolicTensor, model.apply(b) as SymbolicTensor]);
    const both = functional({ inputs: [a, b], outputs });
    expect(both.countParameters()).toBe(model.countParameters());
    const x = draw(2, 4, 3);
    const [sum, single] = [both.predict([x, x]), model.predict(x)];
    expect(sum.data).toEqual(single.data.map((value) => value + value));
    model.setWeights(model.getWeights().map(({ data, shape }) => ({ data: data.map((v) => 2 * v), shape })));
    expect(both.predict([x, x]).data).toEqual(model.predict(x).data.map((value) => value + value));
  });

  test('inside TimeDistributed takes each step', () => {
    const perStep = sequential({ layers: [layers.lstm({ units: 2, inputShape: [4, 3] }), layers.dense({ units: 1 })] });
    const x = input({ shape: [null, 4, 3] });
    const model = functional({ inputs: x, outputs: layers.timeDistributed({ layer: perStep }).apply(x) });
    const given = draw(2, 5, 4, 3);
    const rows = perStep.predict({ data: given.data, shape: [10, 4, 3] });
    expect(model.predict(given)).toMatchObject({ shape: [2, 5, 1], data: rows.data });
  });

  test('refuses what does not fit, by its name', () => {
    const model = inner();
    expect(() => model.apply(input({ shape: [null, 2] }))).toThrow('inner: expected an input of shape [null, null, 3]');
  });
});

test('a model inside of a wrapper is counted once', () => {
  const inner = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
  const model = sequential({ layers: [layers.timeDistributed({ layer: inner, inputShape: [null, 3] })] });
  const lines = model.summary(() => undefined).split('\n');
  expect(lines.find((line) => line.startsWith('time_distributed'))).toMatch(/ 8$/);
  expect(model.countParameters()).toBe(8);
});

describe('a custom layer', () => {
  test('of several outputs gives an array of them', () => {
    const x = input({ shape: [null, 2] });
    const both = layers.custom({ call: ([a]) => [a, layers.activation({ activation: 'relu' }).apply(a)] });
    const outputs = both.apply(x) as unknown as SymbolicTensor[];
    expect(outputs.length).toBe(2);
    const [same, cut] = functional({ inputs: x, outputs }).predictAll({
      data: new Float32Array([-1, 2]),
      shape: [1, 1, 2],
    });
    expect([[...same.data], [...cut.data]]).toEqual([
      [-1, 2],
      [0, 2],
    ]);
  });

  const residual = (units: number) =>
    layers.custom({
      name: 'residual',
      layers: { inner: layers.dense({ units, activation: 'tanh' }) },
      call: ([x], { inner }) => layers.add().apply([x, inner.apply(x)]),
    });

  test('does what it is made of, forward, backward and streamed', () => {
    const x = input({ shape: [null, 3] });
    const model = functional({ inputs: x, outputs: residual(3).apply(x) });
    expect(model.layers.map(({ title }) => title)).toEqual(['input', 'residual']);
    const y = input({ shape: [null, 3] });
    const plain = functional({
      inputs: y,
      outputs: layers.add().apply([y, layers.dense({ units: 3, activation: 'tanh' }).apply(y)]),
    });
    expectTheSame(model, plain, draw(2, 5, 3));
  });

  test('says what is wrong with what it gives', () => {
    const bad = layers.custom({ name: 'bad', call: () => 5 as never });
    expect(() => bad.apply(input({ shape: [2] }))).toThrow('bad: call: expected symbolic tensors, got 5');
    expect(() => layers.custom({ call: 'x' as never })).toThrow('custom: call: expected a function');
  });
});

describe('a composite of which one output is wanted', () => {
  const x = draw(2, 4, 3);

  test('the states of a Bidirectional encoder', () => {
    const given = input({ shape: [null, 3] });
    const options = { units: 2, returnState: true };
    const [output, h, c] = layers.bidirectional({ layer: layers.lstm(options) }).apply(given) as SymbolicTensor[];
    const all = functional({ inputs: given, outputs: [output, h, c] });
    const states = functional({ inputs: given, outputs: [h, c] });
    expect(states.predictAll(x).map(({ data }) => data)).toEqual(all.predictAll(x).slice(1).map(({ data }) => data)); // prettier-ignore
    states.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(states.trainOnBatch(x, [draw(2, 2), draw(2, 2)]).loss).toBeGreaterThan(0);
    const [one, other] = [states, loadModel(states.toSafetensors())].map((model) => model.predictAll(x));
    expect(other.map(({ data }) => data)).toEqual(one.map(({ data }) => data));
  });

  test.each([0, 1])('output %i of a model inside', (index) => {
    const a = input({ shape: [null, 3] });
    const heads = [layers.dense({ units: 2 }), layers.dense({ units: 5 })];
    const inner = functional({ inputs: a, outputs: heads.map((head) => head.apply(a)) });
    const b = input({ shape: [null, 3] });
    const outputs = inner.apply(b) as SymbolicTensor[];
    const outer = functional({ inputs: b, outputs: layers.gru({ units: 2 }).apply(outputs[index]) });
    const alone = functional({ inputs: a, outputs: heads[index].apply(a) });
    const expected = functional({ inputs: a, outputs: outer.layers.at(-1)?.apply(heads[index].apply(a)) as SymbolicTensor }); // prettier-ignore
    expect(outer.predict(x).data).toEqual(expected.predict(x).data);
    expect(outer.stream({ batch: 2 }).push(x).data).toEqual(outer.predict(x).data);
    outer.compile({ optimizer: 'sgd', loss: 'mse' });
    const other = heads[1 - index].weights.get()[0];
    const before = alone.predict(x).data;
    outer.trainOnBatch(x, draw(2, 2));
    expect(alone.predict(x).data).not.toEqual(before);
    expect(heads[1 - index].weights.get()[0]).toEqual(other);
  });

  test('both, of which one has a loss: what the other needs may be left out', () => {
    const [p, q] = [input({ shape: [2], name: 'p' }), input({ shape: [2], name: 'q' })];
    const inner = functional({ inputs: [p, q], outputs: [p, q].map((one) => layers.dense({ units: 1 }).apply(one)) });
    const ends = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
    const model = functional({ inputs: ends, outputs: inner.apply(ends) });
    model.compile({ optimizer: 'sgd', loss: ['mse', null] as never });
    expect(model.trainOnBatch({ a: [[1, 2]] }, [[1]]).loss).toBeGreaterThan(0);
  });
});

describe('what fails leaves layers as they were', () => {
  test('a call of a layer of one’s own', () => {
    const own = layers.custom({
      layers: { a: layers.dense({ units: 2 }) },
      call: ([x], { a }) => layers.add().apply([x, a.apply(x)]),
    });
    expect(() => own.apply(input({ shape: [3] }))).toThrow('add: expected inputs of one shape');
    expect(own.apply(input({ shape: [2] })).shape).toEqual([null, 2]);
  });

  test('a chain', () => {
    const dense = layers.dense({ units: 2 });
    const first = () => layers.dense({ units: 3, inputShape: [3] });
    expect(() => sequential({ layers: [first(), dense, layers.lstm({ units: 1 })] })).toThrow(
      'lstm: expected an input',
    );
    expect(dense.name).toBeUndefined();
    const wide = sequential({ layers: [layers.dense({ units: 5, inputShape: [3] }), dense] });
    expect(wide.predict([[1, 2, 3]]).shape).toEqual([1, 2]);
  });

  test('a composite of which one part is in use', () => {
    const [free, used] = [layers.gru({ units: 2 }), layers.gru({ units: 2, goBackwards: true })];
    used.apply(input({ shape: [null, 2] }));
    expect(() => layers.bidirectional({ layer: free, backwardLayer: used })).toThrow('the gru is in use already');
    expect(() => layers.custom({ layers: { free, used }, call: ([x]) => x })).toThrow('the gru is in use already');
    expect(layers.bidirectional({ layer: free }).config).toMatchObject({ layer: free });
    expect(() => layers.custom({ layers: { '': layers.dense({ units: 1 }) }, call: ([x]) => x })).toThrow(
      'custom: layers: a name: expected a non-empty string',
    );
  });
});
