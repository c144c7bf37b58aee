/** Whole sequence = any chunks = any batch split, to the bit, in both builds; and both module kinds agree. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layers, sequential } from '../../src/index.js';
import * as inference from '../../src/inference.js';
import { relaxed } from '../../src/relaxed.js';
import { createRandom } from '../random.js';

type Kind = 'simpleRNN' | 'lstm' | 'gru' | 'gruResetBefore' | 'conv1d' | 'dense' | 'timeDistributed' | 'dropout';

interface Shape {
  readonly kinds: readonly { readonly kind: Kind; readonly units: number; readonly dilation: number }[];
  readonly features: number;
  readonly rows: number;
  readonly steps: number;
  readonly collapse: boolean;
  readonly seed: number;
}

const kind = fc.constantFrom<Kind>(
  'simpleRNN',
  'lstm',
  'gru',
  'gruResetBefore',
  'conv1d',
  'dense',
  'timeDistributed',
  'dropout',
);
const shape: fc.Arbitrary<Shape> = fc.record({
  kinds: fc.array(
    fc.record({ kind, units: fc.integer({ min: 1, max: 37 }), dilation: fc.integer({ min: 1, max: 40 }) }),
    { minLength: 1, maxLength: 4 },
  ),
  features: fc.integer({ min: 1, max: 19 }),
  rows: fc.integer({ min: 1, max: 9 }),
  steps: fc.integer({ min: 1, max: 150 }),
  collapse: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1_000_000 }),
});
const settings = { numRuns: 60, seed: 20_261_125 };

function layersOf({ kinds, features, collapse }: Shape) {
  const made = kinds.map(({ kind: one, units, dilation }, i) => {
    const first = i === 0 ? { inputShape: [null, features] } : {};
    const recurrent = { ...first, units, returnSequences: true } as const;
    switch (one) {
      case 'simpleRNN':
        return layers.simpleRNN(recurrent);
      case 'lstm':
        return layers.lstm(recurrent);
      case 'gru':
        return layers.gru(recurrent);
      case 'gruResetBefore':
        return layers.gru({ ...recurrent, resetAfter: false, activation: 'softsign' });
      case 'conv1d':
        return layers.conv1d({
          ...first,
          filters: units,
          kernelSize: 3,
          dilationRate: dilation,
          padding: 'causal',
          activation: 'relu',
        });
      case 'dense':
        return layers.dense({ ...first, units, activation: 'softmax' });
      case 'timeDistributed':
        return layers.timeDistributed({ ...first, layer: layers.dense({ units, activation: 'selu' }) });
      case 'dropout':
        return layers.dropout({ ...first, rate: 0.4 });
    }
  });
  return collapse ? [...made, layers.lstm({ units: 5 })] : made;
}

function bits(data: Float32Array): number[] {
  return [...new Uint32Array(data.slice().buffer)];
}

describe.each([
  ['deterministic', {}],
  ['relaxed', { kernels: relaxed }],
] as const)('%s kernels', (_, build) => {
  test('a stream fed in any chunks equals the whole run', () => {
    fc.assert(
      fc.property(shape, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }), (of, cuts) => {
        const { rows, steps, features, seed } = of;
        const model = sequential({ ...build, layers: layersOf(of), seed });
        const x = createRandom(seed).normals(rows * steps * features);
        const whole = model.predict({ data: x, shape: [rows, steps, features] });
        const session = model.stream({ batch: rows });
        const width = whole.shape[whole.shape.length - 1];
        const streamed = new Float32Array(whole.data.length);
        for (let from = 0, i = 0; from < steps; i++) {
          const count = Math.min(cuts[i % cuts.length], steps - from);
          const chunk = new Float32Array(rows * count * features);
          for (let b = 0; b < rows; b++) {
            const start = (b * steps + from) * features;
            chunk.set(x.subarray(start, start + count * features), b * count * features);
          }
          const part = session.push({ data: chunk, shape: [rows, count, features] });
          for (let b = 0; b < rows; b++) {
            const length = of.collapse ? width : count * width;
            const target = of.collapse ? b * width : (b * steps + from) * width;
            streamed.set(part.data.subarray(b * length, (b + 1) * length), target);
          }
          from += count;
        }
        session.close();
        expect(bits(streamed)).toEqual(bits(whole.data));
      }),
      settings,
    );
  });

  test('any batch split gives the same rows', () => {
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 9 }), (of, batchSize) => {
        const { rows, steps, features, seed } = of;
        const model = sequential({ ...build, layers: layersOf(of), seed });
        const x = { data: createRandom(seed).normals(rows * steps * features), shape: [rows, steps, features] };
        expect(bits(model.predict(x, { batchSize }).data)).toEqual(bits(model.predict(x, { batchSize: rows }).data));
      }),
      settings,
    );
  });
});

test('the inference kernels give the bits of the training kernels', () => {
  fc.assert(
    fc.property(shape, (of) => {
      const { rows, steps, features, seed } = of;
      const trained = sequential({ layers: layersOf(of), seed });
      const small = inference.sequential({ layers: layersOf(of) });
      small.setWeights(trained.getWeights());
      const x = { data: createRandom(seed).normals(rows * steps * features), shape: [rows, steps, features] };
      expect(bits(small.predict(x).data)).toEqual(bits(trained.predict(x).data));
      expect(small.getWeights().map(({ data }) => bits(data))).toEqual(
        trained.getWeights().map(({ data }) => bits(data)),
      );
    }),
    settings,
  );
});

test('training twice from one seed gives the same bits, another seed others', async () => {
  const train = async (seed: number): Promise<number[]> => {
    const model = sequential({
      seed,
      layers: [
        layers.lstm({ units: 7, returnSequences: true, inputShape: [null, 3] }),
        layers.dropout({ rate: 0.3 }),
        layers.gru({ units: 5 }),
        layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const random = createRandom(5);
    const x = { data: random.normals(20 * 9 * 3), shape: [20, 9, 3] };
    const y = { data: random.normals(20), shape: [20, 1] };
    await model.fit(x, y, { epochs: 3, batchSize: 6, seed, verbose: 0 });
    return model.getWeights().flatMap(({ data }) => bits(data));
  };
  const first = await train(1);
  expect(await train(1)).toEqual(first);
  expect(await train(2)).not.toEqual(first);
});
