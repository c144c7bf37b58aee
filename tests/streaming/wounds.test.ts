/** Wounds of other libraries, which stay closed: what is said to be the same run in pieces is the same run. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type SymbolicTensor } from '../../src/index.js';
import { createRandom } from '../random.js';

test('LSTM(32, stateful) on [1, 16, 4] and Dense(4, relu), predicted 1,000 times: call k is steps 16(k − 1) … 16k − 1 of one run', () => {
  const chain = (stateful: boolean, returnSequences: boolean) =>
    sequential({
      layers: [
        layers.lstm({ units: 32, stateful, returnSequences, batchInputShape: [1, null, 4] }),
        layers.dense({ units: 4, activation: 'relu' }),
      ],
    });
  const [whole, pieces] = [chain(false, true), chain(true, false)];
  pieces.setWeights(whole.getWeights());
  const x = createRandom(1).normals(16_000 * 4);
  const expected = whole.predict({ data: x, shape: [1, 16_000, 4] }).data;
  for (let k = 0; k < 1_000; k++) {
    const { data } = pieces.predict({ data: x.subarray(64 * k, 64 * (k + 1)), shape: [1, 16, 4] });
    const last = 4 * (16 * (k + 1) - 1);
    if (!data.every((value, i) => value === expected[last + i])) expect.fail(`call ${k}`);
  }
});

test('trained on windows of 200, streamed as 1000 × 1, 5 × 200, 1 × 1000: the same outputs, over the same weights', async () => {
  const model = sequential({
    layers: [layers.gru({ units: 9, returnSequences: true, inputShape: [null, 2] }), layers.dense({ units: 1 })],
  });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const random = createRandom(2);
  const windows = { data: random.normals(8 * 200 * 2), shape: [8, 200, 2] };
  await model.fit(windows, { data: random.normals(8 * 200), shape: [8, 200, 1] }, { epochs: 2, verbose: 0 });
  const x = random.normals(2_000);
  const expected = model.predict({ data: x, shape: [1, 1000, 2] }).data;
  const bytes = model.workspace.floats.byteLength;
  for (const chunk of [1, 200, 1000]) {
    const session = model.stream();
    const out: number[] = [];
    for (let from = 0; from < 1000; from += chunk)
      out.push(...session.push(x.slice(2 * from, 2 * (from + chunk))).data);
    expect(out).toEqual([...expected]);
    session.close();
  }
  expect(model.workspace.floats.byteLength).toBe(bytes);
});

describe('a TCN, kernel 3, dilations 1 … 128, 24 filters, residual', () => {
  const x = input({ shape: [null, 3] });
  const first: SymbolicTensor = layers.conv1d({ filters: 24, kernelSize: 1 }).apply(x);
  const blocks = Array.from({ length: 8 }, (_, i) => 2 ** i);
  const y = blocks.reduce((tensor, dilationRate) => {
    const convolution = layers.conv1d({
      filters: 24,
      kernelSize: 3,
      dilationRate,
      padding: 'causal',
      activation: 'relu',
    });
    return layers.add().apply([tensor, convolution.apply(tensor)]);
  }, first);
  const model = functional({ inputs: x, outputs: layers.dense({ units: 2 }).apply(y) });
  const data = createRandom(3).normals(2_000 * 3);

  test('over 2,000 samples, whole and in mixed chunks of 1, 7, 64', () => {
    const expected = model.predict({ data, shape: [1, 2_000, 3] }).data;
    const session = model.stream();
    const out: number[] = [];
    for (let from = 0, i = 0; from < 2_000; i++) {
      const to = Math.min(2_000, from + [1, 7, 64][i % 3]);
      out.push(...session.push(data.slice(3 * from, 3 * to)).data);
      from = to;
    }
    expect(out).toEqual([...expected]);
  });

  test('a step makes as many calls and products however far it looks back', () => {
    const { receptiveField, multiplyAdds, kernelCalls } = model.report();
    expect(receptiveField).toBe(1 + 2 * 255);
    expect(multiplyAdds).toBe(3 * 24 + 8 * 3 * 24 * 24 + 24 * 2);
    expect(kernelCalls).toBe(3);
  });
});

test('forecasts of a noisy sine from half a period apart are clearly different curves', async () => {
  const random = createRandom(4);
  // A rotation by a 25th of a period, so that no function of the host's is asked for a sine.
  const [cos, sin] = [0.968583161128631, 0.24868988716485479];
  const clean: number[] = [];
  for (let t = 0, [a, b] = [0, 1]; t < 2_000; t++, [a, b] = [a * cos + b * sin, b * cos - a * sin]) clean.push(a);
  const noisy = Float32Array.from(clean, (value) => value + 0.05 * random.normals(1)[0]);
  const model = sequential({
    layers: [layers.lstm({ units: 16, returnSequences: true, inputShape: [null, 1] }), layers.dense({ units: 1 })],
  });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const [rows, steps] = [36, 50];
  const cut = (shift: number) => Float32Array.from({ length: rows * steps }, (_, i) => noisy[i + shift]);
  const x = { data: cut(0), shape: [rows, steps, 1] };
  await model.fit(x, { data: cut(1), shape: [rows, steps, 1] }, { epochs: 120, batchSize: 12, verbose: 0 });

  const curves = [1_850, 1_862].map((end) => {
    const session = model.stream();
    session.push(noisy.slice(1_700, end));
    const curve = session.forecast(50).data;
    const values = [...noisy.slice(1_700, end)];
    // As if all of it, and what was forecast, ran again.
    for (let step = 0; step < 5; step++) {
      const again = model.predict({ data: new Float32Array(values), shape: [1, values.length, 1] }).data.at(-1) ?? NaN;
      expect(curve[step]).toBe(again);
      values.push(again);
    }
    return curve;
  });
  const distance = Math.sqrt(curves[0].reduce((sum, value, i) => sum + (value - curves[1][i]) ** 2, 0) / 50);
  expect(distance).toBeGreaterThan(0.7);
});

test('silence after noise leaves no subnormal number in any state', () => {
  const model = sequential({
    layers: [
      layers.conv1d({ filters: 6, kernelSize: 3, dilationRate: 4, padding: 'causal', inputShape: [null, 1] }),
      layers.gru({ units: 8, returnSequences: true }),
      layers.lstm({ units: 8, returnSequences: true }),
      layers.simpleRNN({ units: 4 }),
    ],
  });
  const random = createRandom(5);
  for (const silence of [0, 1e-40]) {
    const session = model.stream();
    session.push(Float32Array.from(random.normals(1_000)));
    session.push(new Float32Array(60_000).fill(silence));
    const bytes = session.save();
    const values = new Float32Array(bytes.buffer).slice(10, -4);
    expect(values.length).toBeGreaterThan(20);
    for (const value of values) expect(value === 0 || Math.abs(value) >= 2 ** -126).toBe(true);
  }
});
