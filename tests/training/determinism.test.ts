/** The same seed gives the same bits: in any process, whatever was built before, whatever else the model does meanwhile. */
import { describe, expect, test } from 'vitest';
import { layers, optimizers, sequential } from '../../src/index.js';
import { bundleChild } from '../child-process.js';
import { createRandom } from '../random.js';
import { createData, createModel, hash, train } from './train-and-hash.js';

test('two fresh processes, one of which trained another model first, and this one train to the same bits', async () => {
  using child = await bundleChild(new URL('determinism-child.ts', import.meta.url));
  const alone = child.run();
  expect(alone).toMatch(/^[0-9a-f]{64}\n$/);
  expect(child.run(['busy'])).toBe(alone);
  expect(`${await train(createModel(1), { epochs: 4, seed: 2 })}\n`).toBe(alone);
});

describe('seeds', () => {
  const options = { epochs: 2, seed: 2 };

  test('the same ones give the same bits, another one of the model or of fit gives others', async () => {
    const first = await train(createModel(1), options);
    expect(await train(createModel(1), options)).toBe(first);
    expect(await train(createModel(2), options)).not.toBe(first);
    expect(await train(createModel(1), { ...options, seed: 3 })).not.toBe(first);
    expect(hash(createModel(1))).toBe(hash(createModel(1)));
    expect(hash(createModel(1))).not.toBe(hash(createModel(2)));
  });

  test('fit goes on where the last one ended: two epochs and two more are four', async () => {
    const [whole, parts] = [createModel(1), createModel(1)];
    await train(whole, { epochs: 4, seed: 2 });
    await train(parts, options);
    await train(parts, options);
    expect(hash(parts)).toBe(hash(whole));
  });
});

test('what the model predicts, streams, evaluates and differentiates between the steps changes no bit of the training', () => {
  const [quiet, busy] = [createModel(1), createModel(1)];
  const { x, y } = createData();
  for (let step = 0; step < 5; step++) {
    quiet.trainOnBatch(x, y);
    busy.trainOnBatch(x, y);
    busy.predict({ data: new Float32Array(40 * 30 * 3), shape: [40, 30, 3] });
    busy.evaluate(x, y, { batchSize: 5 });
    busy.gradients(x, y);
    busy.stream({ batch: 3 }).push({ data: new Float32Array(3 * 9 * 3), shape: [3, 9, 3] });
  }
  expect(hash(busy)).toBe(hash(quiet));
});

test('validation changes no bit of the training', async () => {
  const [without, with_] = [createModel(1), createModel(1)];
  const { x, y } = createData();
  const options = { epochs: 2, batchSize: 6, verbose: 0 } as const;
  await without.fit(x, y, options);
  await with_.fit(x, y, { ...options, validationData: [x, y] });
  expect(hash(with_)).toBe(hash(without));
});

test('what is dropped depends on the sample, not on the batch that it is in', async () => {
  const losses = await Promise.all(
    [1, 4, 7, 24].map(async (batchSize) => {
      const model = sequential({ layers: [layers.dropout({ rate: 0.4, inputShape: [null, 3] })] });
      model.compile({ optimizer: optimizers.sgd(), loss: 'mse' });
      const random = createRandom(8);
      const [x, y] = [1, 2].map(() => ({ data: random.normals(24 * 5 * 3), shape: [24, 5, 3] }));
      const { history } = await model.fit(x, y, { batchSize, epochs: 2, verbose: 0 });
      return history.loss;
    }),
  );
  for (const loss of losses) {
    expect(loss[0]).toBeCloseTo(losses[0][0], 6);
    expect(loss[1]).toBeCloseTo(losses[0][1], 6);
  }
  expect(losses[0][0]).not.toBeCloseTo(losses[0][1], 3);
});
