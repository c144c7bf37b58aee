/** Sessions: independent, resettable, closable, without allocation where `out` is given. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential } from '../../src/index.js';
import { createRandom } from '../random.js';

const model = sequential({
  layers: [
    layers.conv1d({ filters: 5, kernelSize: 2, dilationRate: 9, padding: 'causal', inputShape: [null, 3] }),
    layers.lstm({ units: 6, returnSequences: true }),
    layers.dense({ units: 2 }),
  ],
});
const x = createRandom(1).normals(200 * 3);
const whole = model.predict({ data: x, shape: [1, 200, 3] }).data;
const rows = (from: number, to: number): Float32Array => x.slice(3 * from, 3 * to);

test('two sessions of a model do not disturb each other', () => {
  const [a, b] = [model.stream(), model.stream()];
  expect(a.push(rows(0, 50)).data).toEqual(whole.slice(0, 100));
  expect(b.push(rows(0, 7)).data).toEqual(whole.slice(0, 14));
  expect(a.push(rows(50, 200)).data).toEqual(whole.slice(100, 400));
  expect(b.push(rows(7, 8)).data).toEqual(whole.slice(14, 16));
  a.close();
  expect(b.push(rows(8, 9)).data).toEqual(whole.slice(16, 18));
  b.close();
});

test('push takes one step, flat rows or [time, features]; with out it gives the number of rows', () => {
  const session = model.stream();
  const out = new Float32Array(2 * 60);
  expect(session.push([x[0], x[1], x[2]]).data).toEqual(whole.slice(0, 2));
  expect(session.push([[...rows(1, 2)], [...rows(2, 3)]]).shape).toEqual([2, 2]);
  expect(session.push(rows(3, 63), out)).toBe(60);
  expect(out).toEqual(whole.slice(6, 126));
  expect(session.push(new Float32Array(0)).shape).toEqual([0, 2]);
  expect(() => session.push([1, 2])).toThrow('push: expected shape [3] or [time, 3], got [2]');
  expect(() => session.push(new Float32Array(4))).toThrow('expected whole rows of 3 features, got 4 values');
  expect(() => session.push(rows(63, 64), new Float32Array(1))).toThrow('at least 2 values, got 1');
  expect(session.push(rows(63, 64)).data).toEqual(whole.slice(126, 128));
});

test('a fixed vector at every step, and what a layer makes of it', () => {
  const [steps, vector] = [input({ shape: [null, 3] }), input({ shape: [3] })];
  const scale = layers.dense({ units: 3, activation: 'tanh' }).apply(vector);
  const scaled = layers.multiply().apply([steps, layers.reshape({ targetShape: [1, 3] }).apply(scale)]);
  const y = layers.gru({ units: 4, returnSequences: true }).apply(scaled);
  const made = functional({ inputs: [steps, vector], outputs: y });
  const fixed = { data: new Float32Array([1, -2, 0.5]), shape: [1, 3] };
  const expected = made.predict([{ data: x, shape: [1, 200, 3] }, fixed]).data;
  const session = made.stream({ fixed });
  for (let round = 0; round < 2; round++) {
    expect(session.push(rows(0, 50)).data).toEqual(expected.slice(0, 200));
    expect(session.push(rows(50, 51)).data).toEqual(expected.slice(200, 204));
    expect(session.push(rows(51, 200)).data).toEqual(expected.slice(204));
    session.reset();
  }
});

test('what a session starts from may want more memory than there is', () => {
  const vector = input({ shape: [200_000] });
  const steps = input({ shape: [null, 2] });
  const sequence = layers.reshape({ targetShape: [50_000, 4] }).apply(vector);
  const state = layers.globalAveragePooling1d().apply(sequence);
  const y = layers.gru({ units: 4, returnSequences: true }).apply(steps, { initialState: state });
  const made = functional({ inputs: [steps, vector], outputs: y });
  const fixed = { data: createRandom(2).normals(200_000), shape: [1, 200_000] };
  const pushed = [...made.stream({ fixed }).push([[1, 2]]).data];
  expect(pushed).toEqual([...made.predict([[[[1, 2]]], fixed]).data]);
});

test('reset starts anew; a closed session refuses', () => {
  const session = model.stream();
  session.push(rows(0, 30));
  session.reset();
  expect(session.push(rows(0, 30)).data).toEqual(whole.slice(0, 60));
  session.close();
  session.close();
  expect(() => session.push(rows(0, 1))).toThrow('sequential: this session is closed');
  expect(() => {
    session.reset();
  }).toThrow('sequential: this session is closed');
});

test('closed sessions give their memory back', () => {
  model.stream().close();
  const bytes = model.workspace.floats.byteLength;
  for (let i = 0; i < 5000; i++) model.stream({ batch: 1 + (i % 3) }).close();
  expect(model.workspace.floats.byteLength).toBe(bytes);
});

test('a refused push leaves the session where it was, and names what was expected', () => {
  const [single, pair] = [model.stream(), model.stream({ batch: 2 })];
  const two = { data: new Float32Array([...rows(0, 1), ...rows(0, 1)]), shape: [2, 1, 3] };
  for (const [bad, message] of [
    [[[1, 2]], 'push: expected shape [3] or [time, 3], got [1, 2]'],
    [[[[1, 2, 3]], [[1, 2, 3]]], 'push: expected shape [3] or [time, 3], got [2, 1, 3]'],
    [['1', 2, 3], "push: expected numbers, got '1'"],
    [undefined, 'push: expected numbers, got undefined'],
    [[[1, 2, 3], [1, 2]], 'push: ragged: expected arrays of length 3'], // prettier-ignore
  ] as const) {
    expect(() => single.push(bad as never)).toThrow(`sequential: ${message}`);
  }
  for (const [bad, message] of [
    [[1, 2, 3], 'push: expected shape [2, time, 3], got [3]'],
    [rows(0, 2), 'push: expected shape [2, time, 3], got [6]'],
    [[[[1, 2, 3]]], 'push: expected shape [2, time, 3], got [1, 1, 3]'],
  ] as const) {
    expect(() => pair.push(bad as never)).toThrow(`sequential: ${message}`);
  }
  expect(() => single.push(rows(0, 1), [] as never)).toThrow(
    'expected out to be a Float32Array of at least 2 values, got',
  );
  expect(() => pair.push(two, new Float32Array(3))).toThrow('at least 4 values, got 3');
  expect(single.push(rows(0, 1)).data).toEqual(whole.slice(0, 2));
  expect(pair.push(two).data).toEqual(new Float32Array([...whole.slice(0, 2), ...whole.slice(0, 2)]));
});

test('what goes in is neither written to nor kept, what comes out is a copy; a longer out keeps its rest', () => {
  const session = model.stream();
  const given = rows(0, 4);
  const first = session.push(given);
  expect(given).toEqual(rows(0, 4));
  given.fill(NaN);
  first.data.fill(NaN);
  const out = new Float32Array(10).fill(7);
  expect(session.push(rows(4, 6), out)).toBe(2);
  expect([...out]).toEqual([...whole.slice(8, 12), 7, 7, 7, 7, 7, 7]);
});

test('a session goes on when memory grows, and takes new weights from the next step on', () => {
  const grown = sequential({
    layers: [layers.lstm({ units: 6, returnSequences: true, inputShape: [null, 3] }), layers.dense({ units: 2 })],
  });
  const expected = grown.predict({ data: x, shape: [1, 200, 3] }).data;
  const session = grown.stream();
  expect(session.push(rows(0, 90)).data).toEqual(expected.slice(0, 180));
  const bytes = grown.workspace.floats.byteLength;
  grown.predict({ data: new Float32Array(600_000), shape: [200, 1000, 3] }, { batchSize: 200 });
  expect(grown.workspace.floats.byteLength).toBeGreaterThan(bytes);
  expect(session.push(rows(90, 100)).data).toEqual(expected.slice(180, 200));
  grown.setWeights(
    grown.getWeights().map(({ shape, data }, i) => (i === 4 ? [5, 6] : { data: data.map(() => 0), shape })),
  );
  expect([...session.push(rows(100, 101)).data]).toEqual([5, 6]);
});

test('several outputs come as an array: sequences, and what has no time as of the last step', () => {
  const sequence = input({ shape: [null, 3] });
  const [h, state] = layers.gru({ units: 2, returnSequences: true, returnState: true }).apply(sequence);
  const two = functional({ inputs: sequence, outputs: [h, state] });
  const session = two.stream();
  const [all, last] = session.pushAll(rows(0, 70));
  expect([all.shape, last.shape]).toEqual([
    [70, 2],
    [1, 2],
  ]);
  expect(last.data).toEqual(all.data.slice(138));
  expect(session.pushAll(rows(70, 70)).map(({ shape }) => shape)).toEqual([
    [0, 2],
    [0, 2],
  ]);
  expect(() => session.push(rows(70, 71), new Float32Array(4))).toThrow(
    'out serves models with one output, this one has 2',
  );
});

describe('inputs without time', () => {
  const [sequence, start] = [input({ shape: [null, 3] }), input({ shape: [4], name: 'start' })];
  const initialState = layers.dense({ units: 5, activation: 'tanh' }).apply(start);
  const made = functional({
    inputs: [sequence, start],
    outputs: layers.gru({ units: 5, returnSequences: true }).apply(sequence, { initialState }),
  });
  const states = createRandom(2).normals(2 * 4);
  const pair = { data: new Float32Array([...rows(0, 30), ...rows(30, 60)]), shape: [2, 30, 3] };
  const expected = made.predict([pair, { data: states, shape: [2, 4] }]).data;

  test('are given once, as fixed, by name, in an array or alone; reset goes back to them', () => {
    const fixed = { data: states.slice(), shape: [2, 4] };
    for (const given of [fixed, [fixed], { start: fixed }]) {
      const session = made.stream({ batch: 2, fixed: given });
      expect(session.push(pair).data).toEqual(expected);
      session.close();
    }
    const session = made.stream({ batch: 2, fixed });
    fixed.data.fill(0);
    session.push(pair);
    session.reset();
    expect(session.push(pair).data).toEqual(expected);
    const first = made.stream({ fixed: { data: states.slice(0, 4), shape: [1, 4] } });
    expect(first.push(rows(0, 30)).data).toEqual(expected.slice(0, 150));
  });

  test('are refused when missing, of another shape or number of rows, or not asked for', () => {
    expect(() => made.stream()).toThrow(
      'functional: stream: the inputs without a time axis, "start", must be given as fixed',
    );
    expect(() => made.stream({ fixed: [[1, 2]] })).toThrow('"start": expected shape [batch, 4], got [1, 2]');
    expect(() => made.stream({ batch: 3, fixed: { data: states, shape: [2, 4] } })).toThrow('expected 3 row(s), got 2');
    expect(() => made.stream({ fixed: { begin: [[1, 2, 3, 4]] } })).toThrow('expected "start", got "begin"');
    expect(() => model.stream({ fixed: [[1]] })).toThrow('fixed: every input of this model has a time axis');
  });
});

test('a stateful model continues where it was, until its states are reset', () => {
  const stateful = sequential({ layers: [layers.gru({ units: 3, stateful: true, inputShape: [null, 3] })] });
  const given = (from: number, to: number) => ({ data: rows(from, to), shape: [1, to - from, 3] });
  const end = stateful.predict(given(0, 20)).data;
  stateful.resetStates();
  stateful.predict(given(0, 9));
  stateful.gradients(given(3, 5), [[1, 1, 1]]); // leaves the states as they are
  expect(stateful.predict(given(9, 20)).data).toEqual(end);
  expect(() => stateful.predict({ data: rows(0, 2), shape: [2, 1, 3] })).toThrow(
    /batch of 1, got a batch of 2; call resetStates/,
  );
});
