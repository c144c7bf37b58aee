/** Stateful layers: a model's one implicit session, which every kind of run goes on with. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type TrainableModel } from '../../src/index.js';
import { ones, rowsOf, zeros } from '../numbers.js';
import { createRandom } from '../random.js';

const random = createRandom(12);
const x = { data: random.normals(2 * 12 * 3), shape: [2, 12, 3] };
const part = (from: number, to: number) => ({
  data: Float32Array.from([...x.data.subarray(3 * from, 3 * to), ...x.data.subarray(36 + 3 * from, 36 + 3 * to)]),
  shape: [2, to - from, 3],
});

const chain = () =>
  sequential({
    layers: [
      layers.lstm({ units: 4, stateful: true, returnSequences: true, inputShape: [null, 3] }),
      layers.gru({ units: 3, stateful: true }),
    ],
  });

describe('pieces', () => {
  test('go on from each other, whatever else runs in between', () => {
    const [whole, pieces] = [chain(), chain()];
    const end = whole.predict(x).data;
    pieces.predict(part(0, 5));
    pieces.gradients(part(0, 2), ones(2, 3));
    pieces.stream({ batch: 2 }).push(x);
    expect(pieces.predict(part(5, 12)).data).toEqual(end);
    pieces.resetStates();
    expect(pieces.predict(x).data).toEqual(end);
  });

  test('of a batch of batches: each goes on from the one before, as it does with calls of their own', () => {
    const [one, two] = [chain(), chain()];
    const together = one.predict(x, { batchSize: 1 }).data;
    const apart = [0, 1].map((row) => two.predict(rowsOf(x, row, row + 1)).data);
    expect(together).toEqual(Float32Array.from([...apart[0], ...apart[1]]));
  });

  test('evaluate and trainOnBatch go on with the states that predict left, and leave theirs', () => {
    const steps: [string, (model: TrainableModel) => void][] = [
      ['evaluate', (model) => void model.evaluate(part(5, 12), zeros(2, 3))],
      ['trainOnBatch', (model) => void model.trainOnBatch(part(5, 12), zeros(2, 3))],
    ];
    const run = (step: (model: TrainableModel) => void): Float32Array => {
      const model = chain();
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      model.predict(part(0, 5));
      const weights = model.getWeights();
      step(model);
      model.setWeights(weights);
      return model.predict(part(0, 3)).data;
    };
    const expected = run((model) => void model.predict(part(5, 12)));
    for (const [name, step] of steps) expect(run(step), name).toEqual(expected);
  });

  test('a new batch size after resetStates; a batch that failed leaves the states as they were', () => {
    const [model, quiet] = [chain(), chain()];
    for (const one of [model, quiet]) {
      one.compile({ optimizer: 'sgd', loss: 'mse' });
      one.predict(part(0, 5));
    }
    expect(() => model.trainOnBatch(part(0, 5), { data: new Float32Array(6).fill(NaN), shape: [2, 3] })).toThrow('NaN');
    expect(model.predict(part(5, 12)).data).toEqual(quiet.predict(part(5, 12)).data);
    model.resetStates();
    expect(model.predict(rowsOf(x, 0, 1)).shape).toEqual([1, 3]);
  });
});

test('training on one of two outputs moves the states of both, each in its place', () => {
  const create = () => {
    const sequence = input({ shape: [null, 3] });
    const [a, b] = [layers.lstm({ units: 40, stateful: true }), layers.gru({ units: 3, stateful: true })];
    const model = functional({ inputs: sequence, outputs: [a.apply(sequence), b.apply(sequence)] });
    model.compile({ optimizer: 'sgd', loss: [null, 'mse'] });
    return model;
  };
  const [model, quiet] = [create(), create()];
  model.evaluate(part(0, 5), zeros(2, 3));
  quiet.predictAll(part(0, 5));
  const [ours, theirs] = [model.predictAll(part(5, 12)), quiet.predictAll(part(5, 12))];
  expect(ours.map(({ data }) => data)).toEqual(theirs.map(({ data }) => data));
});

describe('states in and out', () => {
  test('another model, or this one later, goes on from them', () => {
    const [one, two] = [chain(), chain()];
    one.predict(part(0, 5));
    const states = one.getStates();
    expect(states.map(({ shape }) => shape)).toEqual([
      [2, 4],
      [2, 4],
      [2, 3],
    ]);
    const end = one.predict(part(5, 12)).data;
    two.predict({ data: x.data.slice(0, 3), shape: [1, 1, 3] });
    two.setStates(states);
    expect(two.predict(part(5, 12)).data).toEqual(end);
    one.setStates(states.map((state) => state.toArray() as number[][]));
    expect(one.predict(part(5, 12)).data).toEqual(end);
  });

  test('what does not fit is refused, and changes nothing', () => {
    const model = chain();
    expect(() => model.getStates()).toThrow('getStates: no run has left states since the last reset');
    model.predict(part(0, 5));
    const [h, c, g] = model.getStates();
    expect(() => {
      model.setStates([h, c]);
    }).toThrow('setStates: expected 3 states, got 2');
    expect(() => {
      model.setStates([h, c, [[1, 2]]]);
    }).toThrow('setStates: gru.h: expected shape [batch, 3], got [1, 2]');
    expect(() => {
      model.setStates([h, c, [[1, 2, 3]]]);
    }).toThrow('states of one batch, got 2 and 2 and 1');
    expect(model.getStates().map(({ data }) => data)).toEqual([h, c, g].map(({ data }) => data));
  });
});
