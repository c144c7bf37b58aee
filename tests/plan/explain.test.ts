/** A plan as text; and that one plan serves every size, each tensor having room for the largest it was asked for. */
import { expect, test } from 'vitest';
import { layers, sequential } from '../../src/index.js';

const create = () =>
  sequential({
    layers: [
      layers.conv1d({ filters: 4, kernelSize: 2, dilationRate: 3, padding: 'causal', inputShape: [null, 3] }),
      layers.lstm({ units: 5 }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  });

/** Name → [address, bytes, shape in symbols, shape in numbers]. */
function tensorsOf(text: string): Map<string, { address: number; bytes: number; symbols: string; shape: string }> {
  const rows = text.split('\n\n')[0].split('\n').slice(1);
  return new Map(
    rows.map((row) => {
      const found = /^ *(\d+) +(\d+) {2}(scratch|state) +(.*) (\[.*\]) = (\[.*\])$/.exec(row);
      if (found === null) throw new Error(`not a tensor: ${row}`);
      const [, address, bytes, , name, symbols, shape] = found;
      return [name, { address: Number(address), bytes: Number(bytes), symbols, shape }];
    }),
  );
}

test('explain prints tensors with address, bytes and shape, and steps with layer, kernel and arguments', () => {
  const text = create().explain({ batch: 2, time: 7 });
  const tensors = tensorsOf(text);
  expect(tensors.get('conv1d')).toMatchObject({ symbols: '[T, B, 4]', shape: '[7, 2, 4]', bytes: 7 * 2 * 4 * 4 });
  expect(tensors.get('lstm')).toMatchObject({ symbols: '[B, 5]', shape: '[2, 5]', bytes: 2 * 8 * 4 });
  const steps = text.split('\n\nsteps\n')[1].split('\n');
  expect(steps.map((step) => /^ *(?:\d+)? +(\w+: \w+)\(.*\)$/.exec(step)?.[1] ?? step)).toEqual([
    'input: importRows',
    'input: zero',
    'lstm: zero',
    'lstm: zero',
    '   5  rowBlocks, T·B rows, a block through all of these:',
    'conv1d: product',
    'lstm: product',
    'lstm: lstmForward',
    '   7  rowBlocks, B rows, a block through all of these:',
    'dense: product',
    'dense: activate',
    'dense: exportRows',
  ]);
  // Three steps of history, read in place before the first row: 3 · B rows of one quad.
  expect(steps[1]).toContain('zero(input+-1·3·B·16, 3·B·16)');
});

test('a session’s plan carries its states', () => {
  const tensors = tensorsOf(create().explain({ plan: 'stream', batch: 3, time: 10 }));
  expect([...tensors.keys()]).toEqual(expect.arrayContaining(['conv1d.history', 'lstm.h', 'lstm.c']));
  expect(tensors.get('lstm.h')).toMatchObject({ symbols: '[B, 5]', shape: '[3, 5]' });
});

test('a tensor has room for the largest size that it has needed, never for the largest batch times the largest length', () => {
  const model = create();
  const bytesOf = (): number => model.workspace.floats.byteLength;
  model.predict({ data: new Float32Array(3000 * 3), shape: [1, 3000, 3] });
  model.predict({ data: new Float32Array(3000 * 3), shape: [3000, 1, 3] }, { batchSize: 3000 });
  const bytes = bytesOf();
  // 3000 × 3000 steps would need hundreds of megabytes.
  expect(bytes).toBeLessThan(4_000_000);
  for (const [rows, steps] of [
    [1, 1],
    [50, 60],
    [3000, 1],
    [1, 3000],
    [7, 0],
  ]) {
    // prettier-ignore
    model.predict({ data: new Float32Array(rows * steps * 3), shape: [rows, steps, 3] }, { batchSize: rows });
  }
  expect(bytesOf()).toBe(bytes);
});

test('a smaller run uses a prefix: no address changes', () => {
  const model = create();
  const large = tensorsOf(model.explain({ batch: 8, time: 50 }));
  const small = tensorsOf(model.explain({ batch: 2, time: 3 }));
  for (const [name, { address }] of small) {
    // The first row of the input comes after its history, whose length goes with the batch.
    if (name !== 'input') expect(large.get(name)?.address, name).toBe(address);
  }
});
