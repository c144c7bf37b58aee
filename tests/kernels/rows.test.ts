import { expect, test } from 'vitest';
import { Arena, Draw, load, quad } from './load.js';

const module = load();
const { kernels } = module;

const batches = [1, 2, 3, 9];
const lengths = [0, 1, 2, 5];
const featureCounts = [1, 2, 3, 4, 5, 7, 8, 9, 17];

function forEachShape(run: (batch: number, steps: number, features: number, arena: Arena, draw: Draw) => void): void {
  const draw = new Draw(1);
  let cases = 0;
  for (const batch of batches) {
    for (const steps of lengths) {
      for (const features of featureCounts) {
        const arena = new Arena(module);
        run(batch, steps, features, arena, draw);
        arena.release();
        cases++;
      }
    }
  }
  expect(cases).toBe(batches.length * lengths.length * featureCounts.length);
}

test('importRows turns [B, T, F] into padded [T, B, F], and exportRows turns it back', () => {
  forEachShape((batch, steps, features, arena, draw) => {
    const values = draw.floats(batch * steps * features);
    const tensor = arena.allocate(steps * batch * quad(features));
    kernels.importRows(arena.put(values), tensor, batch, steps, features);
    const rows = arena.getRows(tensor, steps * batch, features);
    for (const [i, value] of rows.entries()) {
      const row = Math.floor(i / features);
      const [t, b] = [Math.floor(row / batch), row % batch];
      expect(value).toBe(values[(b * steps + t) * features + (i % features)]);
    }
    const dense = arena.allocate(batch * steps * features);
    kernels.exportRows(tensor, dense, batch, steps, features);
    expect(arena.get(dense, batch * steps * features)).toEqual(values);
  });
});

test('importRows stores what is below 2⁻¹⁰⁰ as +0, and nothing else', () => {
  const arena = new Arena(module);
  const edge = 2 ** -100;
  const below = edge * (1 - 2 ** -24);
  const values = [0, -0, edge, -edge, below, -below, 1e-45, -1e-45, Infinity, -Infinity, NaN, 1];
  const wanted = [0, 0, edge, -edge, 0, 0, 0, 0, Infinity, -Infinity, NaN, 1];
  // One row of full quads, and four rows whose quads are padded.
  const full = arena.allocate(12);
  kernels.importRows(arena.put(values), full, 1, 1, 12);
  const padded = arena.allocate(16);
  kernels.importRows(arena.put(values), padded, 1, 4, 3);
  for (const found of [arena.get(full, 12), arena.getRows(padded, 4, 3)]) {
    for (const [i, value] of found.entries()) expect(value, `of ${values[i]}`).toBe(wanted[i]);
  }
  arena.release();
});

test('reverseTime turns the steps round, or adds them in turn', () => {
  forEachShape((batch, steps, features, arena, draw) => {
    // A step need not be a whole number of quads: a mask has [T, B].
    const floats = batch * features;
    const values = draw.floats(steps * floats);
    const before = draw.floats(steps * floats);
    const reversed = values.map((_, i) => values[(steps - 1 - Math.floor(i / floats)) * floats + (i % floats)]);
    const target = arena.put(before);
    kernels.reverseTime(arena.put(values), target, steps, floats * 4, 1);
    expect(arena.get(target, steps * floats)).toEqual(reversed.map((value, i) => value + before[i]));
    kernels.reverseTime(arena.put(values), target, steps, floats * 4, 0);
    expect(arena.get(target, steps * floats)).toEqual(reversed);
  });
});

test('masking masks the rows that hold nothing but the value, and maskingBackward keeps their gradients out', () => {
  const draw = new Draw(2);
  for (const rows of [0, 1, 2, 7, 50]) {
    for (const features of featureCounts) {
      for (const value of [0, -1]) {
        const arena = new Arena(module);
        const x = draw.floats(rows * features);
        const isMasked = Array.from({ length: rows }, () => draw.uniform() < 0.4);
        for (const [row, masked] of isMasked.entries()) {
          if (masked) x.fill(value, row * features, (row + 1) * features);
          // One feature that differs, wherever it is, is enough.
          else {
            x.fill(value, row * features, (row + 1) * features);
            x[row * features + draw.integer(0, features - 1)] = 0.5;
          }
        }
        const mask = arena.allocate(rows);
        const y = arena.allocate(rows * quad(features));
        kernels.masking(arena.putRows(x, rows, features, NaN), y, mask, rows, features, value);
        expect([...arena.get(mask, rows)]).toEqual(isMasked.map((masked) => (masked ? 0 : 1)));
        const kept = x.map((element, i) => (isMasked[Math.floor(i / features)] ? 0 : element));
        expect(arena.getRows(y, rows, features)).toEqual(kept);

        const dy = draw.floats(rows * features);
        const before = draw.floats(rows * features);
        const dx = arena.putRows(before, rows, features);
        kernels.maskingBackward(mask, arena.putRows(dy, rows, features), dx, rows, features, 1);
        const wanted = before.map((element, i) => element + (isMasked[Math.floor(i / features)] ? 0 : dy[i]));
        expect(arena.getRows(dx, rows, features)).toEqual(wanted);
        arena.release();
      }
    }
  }
});

test('zero, copy and accumulate touch so many bytes and no more', () => {
  const draw = new Draw(3);
  for (const floats of [0, 4, 8, 20, 400]) {
    const arena = new Arena(module);
    const [a, b] = [draw.floats(floats), draw.floats(floats)];
    const [target, source] = [arena.put(a), arena.put(b)];
    kernels.accumulate(target, source, floats);
    expect(arena.get(target, floats)).toEqual(a.map((value, i) => value + b[i]));
    kernels.copy(target, source, floats * 4);
    expect(arena.get(target, floats)).toEqual(b);
    kernels.zero(target, floats * 4);
    expect(arena.get(target, floats)).toEqual(new Float32Array(floats));
    arena.release();
  }
});
