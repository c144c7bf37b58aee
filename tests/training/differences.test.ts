/** README's table for who comes from TensorFlow.js: what is otherwise here. */
import { expect, test } from 'vitest';
import { functional, input, layers, sequential } from '../../src/index.js';
import { ones, zeros } from '../numbers.js';

test('what TensorFlow.js takes and bucle refuses is refused by name', async () => {
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [2] })] });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  expect(() => model.trainOnBatch(ones(3, 2), zeros(3))).toThrow('"dense": expected shape [batch, 1], got [3]');
  await expect(model.fit(ones(3, 2), zeros(3, 1), { epochs: 0 })).rejects.toThrow(
    'epochs: expected a positive integer, got 0',
  );
  const [x, h, c] = [[null, 2], [4], [4]].map((shape) => input({ shape }));
  expect(() => layers.lstm({ units: 4 }).apply([x, h, c])).toThrow('lstm: expected one input, got 3');
});

test('a stateful layer has a state in each model over it', () => {
  const x = input({ shape: [null, 2] });
  const output = layers.gru({ units: 3, stateful: true }).apply(x);
  const [first, second] = [functional({ inputs: x, outputs: output }), functional({ inputs: x, outputs: output })];
  const start = first.predict(ones(1, 4, 2)).data;
  expect(first.predict(ones(1, 4, 2)).data).not.toEqual(start);
  expect(second.predict(ones(1, 4, 2)).data).toEqual(start);
});
