/** Sessions: independent, resettable, closable, without allocation where `out` is given. */
import { expect, test } from 'vitest';
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

test('reset starts anew; a closed session refuses', () => {
  const session = model.stream();
  session.push(rows(0, 30));
  session.reset();
  expect(session.push(rows(0, 30)).data).toEqual(whole.slice(0, 60));
  session.close();
  session.close();
  expect(() => session.push(rows(0, 1))).toThrow('this session is closed');
});

test('closed sessions give their memory back', () => {
  model.stream().close();
  const bytes = model.workspace.floats.byteLength;
  for (let i = 0; i < 5000; i++) model.stream({ batch: 1 + (i % 3) }).close();
  expect(model.workspace.floats.byteLength).toBe(bytes);
});

test('inputs without time must be given as fixed', () => {
  const [sequence, state] = [input({ shape: [null, 1] }), input({ shape: [4], name: 'start' })];
  const made = functional({
    inputs: [sequence, state],
    outputs: layers.gru({ units: 4 }).apply(sequence, { initialState: state }),
  });
  expect(() => made.stream()).toThrow('"start", must be given as fixed');
  expect(() => made.stream({ fixed: [[1, 2]] })).toThrow(/"start": expected shape \[batch, 4\]/);
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
