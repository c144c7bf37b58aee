/** Inference kernels give the bits of the training kernels, in either arithmetic; the relaxed ones are really others. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { functional, layers, sequential } from '../../src/index.js';
import * as inference from '../../src/inference.js';
import { relaxed, relaxedInference } from '../../src/relaxed.js';
import { chainOf, drawnModel, drawWeights, graphOf } from './random-models.js';
import { bitsOf, chunkLengths, drawnData, expectSameBits, push, sequences, vectors } from './runs.js';
import { settings } from './settings.js';

describe.each([
  ['deterministic', {}, {}],
  ['relaxed', { kernels: relaxed }, { kernels: relaxedInference }],
] as const)('%s', (_name, trainingBuild, inferenceBuild) => {
  test('a chain with a trained model’s weights predicts, streams and gives its weights back as that model does', () => {
    fc.assert(
      fc.property(drawnModel, drawnData, chunkLengths, (drawn, data, lengths) => {
        const trained = drawWeights(sequential({ ...trainingBuild, layers: chainOf(drawn) }), drawn.seed);
        const small = inference.sequential({ ...inferenceBuild, layers: chainOf(drawn) });
        small.setWeights(trained.getWeights());
        expectSameBits(
          small.getWeights().map((weight) => weight.data),
          trained.getWeights(),
        );
        const x = sequences({ ...data, steps: data.steps + 1 }, drawn.features);
        const whole = trained.predictAll(x);
        expectSameBits([small.predict(x).data], whole);
        expectSameBits(push(small.stream({ batch: data.rows }), x, lengths, whole), whole);
      }),
      settings(50),
    );
  });

  test('a graph too', () => {
    fc.assert(
      fc.property(drawnModel, drawnData, (drawn, data) => {
        const [one, other] = [graphOf(drawn), graphOf(drawn)];
        const trained = drawWeights(functional({ ...trainingBuild, ...one.options }), drawn.seed);
        const small = inference.functional({ ...inferenceBuild, ...other.options });
        small.setWeights(trained.getWeights());
        const given = [sequences(data, drawn.features), ...vectors(data, one.fixed)];
        expectSameBits(
          small.predictAll(given).map((tensor) => tensor.data),
          trained.predictAll(given),
        );
      }),
      settings(50),
    );
  });
});

test('the relaxed kernels train as the deterministic ones do, but for the last digits; twice to the same bits', () => {
  const losses = [{}, { kernels: relaxed }, { kernels: relaxed }].map((build) => {
    const model = sequential({
      ...build,
      layers: [
        layers.lstm({ units: 9, returnSequences: true, inputShape: [null, 3] }),
        layers.conv1d({ filters: 5, kernelSize: 2, dilationRate: 2, padding: 'causal' }),
        layers.gru({ units: 6 }),
        layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const x = sequences({ rows: 8, steps: 12, scale: 1, seed: 5 }, 3);
    const [y] = vectors({ rows: 8, steps: 12, scale: 1, seed: 5 }, [1]);
    return Array.from({ length: 20 }, () => model.trainOnBatch(x, y).loss);
  });
  const [exact, fused, again] = losses;
  expect(again).toEqual(fused);
  expect(fused).not.toEqual(exact);
  fused.forEach((loss, step) => expect(Math.abs(loss - exact[step])).toBeLessThan(1e-4 * exact[step]));
});

test('the relaxed kernels fuse: some bits are others, no value differs by much', () => {
  expect([relaxed.arithmetic, relaxed.training]).toEqual(['relaxed', true]);
  expect([relaxedInference.arithmetic, relaxedInference.training]).toEqual(['relaxed', false]);
  const [drawn] = fc.sample(drawnModel, { seed: 1, numRuns: 1 });
  const calls = [{ ...drawn.calls[0], kind: 'lstm', units: 32 } as const];
  const [exact, fused] = [{}, { kernels: relaxed }].map((build) =>
    drawWeights(sequential({ ...build, layers: chainOf({ ...drawn, masked: false, calls }) }), 2),
  );
  const x = sequences({ rows: 4, steps: 20, scale: 1, seed: 3 }, drawn.features);
  const [a, b] = [exact.predict(x).data, fused.predict(x).data];
  // Every x86-64 machine with AVX2 and every ARM64 one has the fused instruction.
  expect(bitsOf(a)).not.toEqual(bitsOf(b));
  expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-4);
});
