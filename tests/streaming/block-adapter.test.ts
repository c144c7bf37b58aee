/** Blocks of any size in and out, frames of one size to the model. */
import { describe, expect, test } from 'vitest';
import { layers, sequential } from '../../src/index.js';
import { BlockAdapter } from '../../src/realtime.js';
import { createRandom } from '../random.js';

const model = sequential({
  layers: [
    layers.conv1d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'causal', inputShape: [null, 2] }),
    layers.dense({ units: 1 }),
  ],
});
const frames = sequential({ layers: [layers.gru({ units: 8, returnSequences: true, inputShape: [null, 8] })] });
const x = Float32Array.from(createRandom(3).normals(2 * 96));

/** Pushes x in blocks of these numbers of samples, in turn, and flushes. */
function through(adapter: BlockAdapter, channels: number, sizes: readonly number[]): number[] {
  const out: number[] = [];
  for (let from = 0, i = 0; from < x.length; i++) {
    const to = Math.min(x.length, from + sizes[i % sizes.length] * channels);
    out.push(...adapter.push(x.slice(from, to)));
    from = to;
  }
  return [...out, ...adapter.flush()];
}

describe.each([[[1]], [[7, 1, 13]], [[128]], [[3, 0, 5]]])('blocks of %j samples', (sizes) => {
  test.each([1, 4, 5, 32])('frames of %i steps: the whole run, delayed', (frame) => {
    const adapter = new BlockAdapter(model.stream(), { frame });
    expect(adapter.delay).toBe(frame - 1);
    const whole = model.predict({ data: x, shape: [1, 96, 2] }).data;
    expect(through(adapter, 2, sizes)).toEqual([...Array.from({ length: frame - 1 }, () => 0), ...whole]);
  });

  test('steps that are frames of samples', () => {
    const adapter = new BlockAdapter(frames.stream(), { frame: 1, channels: 1 });
    expect(adapter.delay).toBe(7);
    const whole = frames.predict({ data: x, shape: [1, 24, 8] }).data;
    expect(through(adapter, 1, sizes)).toEqual([0, 0, 0, 0, 0, 0, 0, ...whole]);
  });
});

test('flush gives what waits of a frame that is not full, and begins anew', () => {
  const adapter = new BlockAdapter(model.stream(), { frame: 4 });
  const whole = [...model.predict({ data: x.slice(0, 12), shape: [1, 6, 2] }).data];
  expect([...adapter.push(x.slice(0, 12)), ...adapter.flush()]).toEqual([0, 0, 0, ...whole]);
  expect([...adapter.push(x.slice(0, 2))]).toEqual([0]);
});

test('what it cannot serve is refused', () => {
  const adapter = new BlockAdapter(model.stream(), { frame: 4 });
  expect(() => adapter.push(new Float32Array(3))).toThrow('push: expected whole samples of 2 values, got 3');
  expect(() => adapter.push(new Float32Array(4), new Float32Array(1))).toThrow('out to have 2 values, got 1');
  expect(() => new BlockAdapter(model.stream(), { frame: 0 })).toThrow('frame: expected a positive integer');
  expect(() => new BlockAdapter(model.stream({ batch: 2 }), { frame: 1 })).toThrow('wants one sequence');
  expect(() => new BlockAdapter(frames.stream(), { frame: 1, channels: 3 })).toThrow('channels: expected steps of 8');
});
