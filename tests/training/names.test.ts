/** Outputs may be called as objects' own properties are: what is given by name is what is given, and nothing else. */
import { expect, test } from 'vitest';
import { functional, input, layers } from '../../src/index.js';

test.each(['constructor', 'toString', 'valueOf', '__proto__'])('%s', (name) => {
  const x = input({ shape: [1] });
  const outputs = [name, 'b'].map((own) => layers.dense({ units: 1, name: own }).apply(x));
  const model = functional({ inputs: x, outputs });
  model.compile({ optimizer: 'sgd', loss: 'mse', lossWeights: { b: 2 }, metrics: { b: ['mae'] } });
  const logs = model.trainOnBatch([[1]], [[[1]], [[1]]], { sampleWeight: { b: [1] } });
  expect(logs.loss).toBeGreaterThan(0);
  expect(() => model.trainOnBatch([[1]], { b: [[1]] })).toThrow(`"${name}", got none`);
});
