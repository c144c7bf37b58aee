/** A mask must fit its input, and an input its fixed length. */
import { expect, test } from 'vitest';
import { functional, input, layers, sequential } from '../../src/index.js';

const [x, mask] = [input({ shape: [null, 2] }), input({ shape: [null], dtype: 'bool' })];
const model = functional({ inputs: [x, mask], outputs: layers.lstm({ units: 1 }).apply(x, { mask }) });
model.compile({ optimizer: 'sgd', loss: 'mse' });

test.each([
  ['predict', () => model.predict(given)],
  ['gradients', () => model.gradients(given, [[1]])],
  ['trainOnBatch', () => model.trainOnBatch(given, [[1]])],
  ['evaluate', () => model.evaluate(given, [[1]])],
] as const)('%s refuses a mask of another length than its input', (name, run) => {
  expect(run).toThrow(`functional: ${name}: lstm: expected a mask of 3 steps, as its input has, got 2`);
});

const steps = [
  [1, 1],
  [1, 1],
  [1, 1],
];
const given = [[steps], [[1, 1]]];

test('a mask of other values than 0 and 1 is refused', () => {
  expect(() => model.predict([[steps], [[1, 0.5, 0]]])).toThrow('expected a mask of 0 and 1, got other values');
  expect(model.predict([[steps], [[1, 0, 1]]]).shape).toEqual([1, 1]);
});

test('an input of a fixed length refuses another', () => {
  const fixed = sequential({ layers: [layers.gru({ units: 1, inputShape: [3, 2] })] });
  expect(fixed.predict([steps]).shape).toEqual([1, 1]);
  expect(() => fixed.predict([steps.slice(1)])).toThrow('"input": expected shape [batch, 3, 2], got [1, 2, 2]');
});
