/** Inputs that are joined step by step must have as many steps: refused before anything runs, by the layer's name. */
import { expect, test } from 'vitest';
import { functional, input, layers } from '../../src/index.js';

test.each(['add', 'concatenate'] as const)('%s', (kind) => {
  const [a, b] = [input({ shape: [null, 2] }), input({ shape: [null, 2] })];
  const model = functional({ inputs: [a, b], outputs: layers[kind]({ name: 'joint' }).apply([a, b]) });
  const steps = (count: number): number[][][] => [Array.from({ length: count }, (_, i) => [i, -i])];
  expect(() => model.predict([steps(3), steps(4)])).toThrow('joint: expected inputs of as many steps, got 3 and 4');
  expect(model.predict([steps(3), steps(3)]).shape.slice(0, 2)).toEqual([1, 3]);
});

test.each(['add', 'concatenate'] as const)(
  '%s: a sequence that happens to have one step is no vector for all steps',
  (kind) => {
    const [a, b] = [input({ shape: [null, 2] }), input({ shape: [null, 2] })];
    const model = functional({ inputs: [a, b], outputs: layers[kind]().apply([a, b]) });
    expect(() =>
      model.predict([
        [[[1, 2]]],
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ]),
    ).toThrow('inputs of as many steps, got 1 and 2');
  },
);

test('a stream refuses to join its steps with a sequence that is whole at every push', () => {
  const [steps, words] = [input({ shape: [2, 1] }), input({ shape: [2] })];
  const embedded = layers.embedding({ inputDim: 3, outputDim: 2 }).apply(words);
  const model = functional({ inputs: [steps, words], outputs: layers.concatenate().apply([steps, embedded]) });
  expect(() => model.stream({ fixed: [[0, 1]] })).toThrow(/concatenate joins \w+ and embedding, whose rows/);
});

test('along time, which is axis −2 of three too, no stream joins', () => {
  const x = input({ shape: [null, 2] });
  for (const axis of [1, -2]) {
    const model = functional({ inputs: x, outputs: layers.concatenate({ axis }).apply([x, x]) });
    expect(() => model.stream()).toThrow('concatenate needs the whole sequence');
  }
});

test('along time, sequences of any length are joined', () => {
  const [a, b] = [input({ shape: [null, 1] }), input({ shape: [null, 1] })];
  const model = functional({ inputs: [a, b], outputs: layers.concatenate({ axis: 1 }).apply([a, b]) });
  expect(model.predict([[[[1], [2]]], [[[3], [4], [5]]]].map(([rows]) => [rows])).toArray()).toEqual([
    [[1], [2], [3], [4], [5]],
  ]);
});
