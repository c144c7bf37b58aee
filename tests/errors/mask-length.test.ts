import { expect, test } from 'vitest';
import { functional, input, layers } from '../../src/index.js';

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
