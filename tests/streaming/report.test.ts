/** What `model.report()` says of streams whose figures can be counted by hand. */
import { expect, test } from 'vitest';
import { functional, input, layers, sequential } from '../../src/index.js';

test('a dilated stack: the receptive field, the state and the work are those of its layers', () => {
  const stack = [1, 2, 4, 8].map((dilationRate) =>
    layers.conv1d({ filters: 4, kernelSize: 2, padding: 'causal', dilationRate }),
  );
  const first = input({ shape: [null, 4] });
  const report = functional({ inputs: first, outputs: stack.reduce((x, layer) => layer.apply(x), first) }).report();
  expect(report.receptiveField).toBe(16);
  expect(report.latency).toBe(0);
  expect(report.stateBytes).toBe(4 * 4 * (1 + 2 + 4 + 8));
  expect(report.multiplyAdds).toBe(4 * 2 * 4 * 4);
  expect(report.layers.every(({ microseconds }) => microseconds > 0)).toBe(true);
  expect(String(report)).toContain('1 row(s) a step, the first after 0 step(s), each of 16 step(s)');
});

test('strides: rates, latency, and work that comes only with a row', () => {
  const model = sequential({
    layers: [
      layers.conv1d({ filters: 3, kernelSize: 4, strides: 2, inputShape: [null, 1] }),
      layers.averagePooling1d({ poolSize: 3 }),
      layers.dense({ units: 2 }),
    ],
  });
  const [output] = model.report().outputs;
  // Windows of four steps every two, three of which are pooled: 4 + 2 · 2 steps, every six.
  expect(output).toEqual({ name: 'dense', rate: 1 / 6, latency: 7, receptiveField: 8 });
  expect(model.report().multiplyAdds).toBeCloseTo(12 / 2 + 6 / 6, 9);
});

test('what remembers for ever has no end of its field; several outputs each have their own', () => {
  const x = input({ shape: [null, 2] });
  const near = layers.conv1d({ filters: 2, kernelSize: 3, padding: 'causal', name: 'near' }).apply(x);
  const far = layers.gru({ units: 3, name: 'far' }).apply(near);
  const report = functional({ inputs: x, outputs: [near, far] }).report();
  expect(report.outputs.map(({ name, receptiveField, rate }) => [name, receptiveField, rate])).toEqual([
    ['near', 3, 1],
    ['far', Infinity, 1],
  ]);
  expect(report.stateBytes).toBe(4 * (2 * 2 + 3));
  expect(report.multiplyAdds).toBe(12 + 2 * 9 + 3 * 9);
});

test('what cannot stream has no report', () => {
  const model = sequential({ layers: [layers.gru({ units: 2, goBackwards: true, inputShape: [null, 1] })] });
  expect(() => model.report()).toThrow('gru needs the whole sequence');
});
