import { expect, test } from 'vitest';
import { Arena, Draw, load, quad } from './load.js';

const module = load();

const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 19, 70];
const gateCounts = [1, 2, 4];
const rowCounts = [1, 2, 3, 4, 5, 8, 11, 70];

/** Column (gate, unit) of the gate-interleaved columns. */
const interleaved = (gate: number, unit: number, gates: number) => (unit >> 2) * 4 * gates + gate * 4 + (unit & 3);

/** Where element (row, column) lies in panels [N/8][K][8] of so many columns, the last four maybe a half panel [K][4]. */
function inPanels(row: number, column: number, rows: number, columns: number): number {
  const panel = column >> 3;
  const isHalf = panel * 8 + 4 === columns;
  return panel * 8 * rows + row * (isHalf ? 4 : 8) + (column & 7);
}

function forEachSize(run: (units: number, gates: number, rows: number, arena: Arena, draw: Draw) => void): void {
  const draw = new Draw(1);
  let cases = 0;
  for (const units of sizes) {
    for (const gates of gateCounts) {
      for (const rows of rowCounts) {
        const arena = new Arena(module);
        run(units, gates, rows, arena, draw);
        arena.release();
        cases++;
      }
    }
  }
  expect(cases).toBe(sizes.length * gateCounts.length * rowCounts.length);
}

test('pack lays gate-interleaved columns out in panels, and unpack takes them back', () => {
  forEachSize((units, gates, rows, arena, draw) => {
    const { kernels } = module;
    const columns = gates * units;
    // A part of wider rows, as the gates of a GRU are.
    const stride = columns + draw.integer(0, 3);
    const values = draw.floats(rows * stride);
    const source = arena.put(values);
    const width = gates * quad(units);
    const packed = arena.allocate(rows * width);
    kernels.pack(source, stride * 4, packed, rows, units, gates, 0);

    const expected = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      for (let gate = 0; gate < gates; gate++) {
        for (let unit = 0; unit < units; unit++) {
          const column = interleaved(gate, unit, gates);
          expected[inPanels(row, column, rows, width)] = values[row * stride + gate * units + unit];
        }
      }
    }
    expect(arena.get(packed, rows * width)).toEqual(expected);

    const back = arena.allocate(rows * stride);
    kernels.unpack(packed, back, stride * 4, rows, units, gates);
    const found = arena.get(back, rows * stride);
    const wanted = values.map((value, i) => (i % stride < columns ? value : NaN));
    expect(found).toEqual(wanted);

    kernels.pack(source, stride * 4, packed, rows, units, gates, 1);
    expect(arena.get(packed, rows * width)).toEqual(expected.map((value) => value + value));
  });
});

test('packTransposed lays the transpose out in panels, with padding rows and columns of 0', () => {
  forEachSize((units, gates, rows, arena, draw) => {
    const stride = gates * units + draw.integer(0, 3);
    const values = draw.floats(rows * stride);
    const source = arena.put(values);
    const width = gates * quad(units);
    const packed = arena.allocate(width * quad(rows));
    module.kernels.packTransposed(source, stride * 4, packed, rows, units, gates);

    const expected = new Float32Array(width * quad(rows));
    for (let row = 0; row < rows; row++) {
      for (let gate = 0; gate < gates; gate++) {
        for (let unit = 0; unit < units; unit++) {
          const place = inPanels(interleaved(gate, unit, gates), row, width, quad(rows));
          expected[place] = values[row * stride + gate * units + unit];
        }
      }
    }
    expect(arena.get(packed, width * quad(rows))).toEqual(expected);
  });
});

test('addUngated adds gate-interleaved rows to canonical ones', () => {
  forEachSize((units, gates, rows, arena, draw) => {
    const width = gates * quad(units);
    const stride = gates * units + draw.integer(0, 3);
    const added = draw.floats(rows * width);
    const before = draw.floats(rows * stride);
    const source = arena.put(added);
    const target = arena.put(before);
    module.kernels.addUngated(source, target, stride * 4, rows, units, gates);

    const expected = before.slice();
    for (let row = 0; row < rows; row++) {
      for (let gate = 0; gate < gates; gate++) {
        for (let unit = 0; unit < units; unit++) {
          expected[row * stride + gate * units + unit] += added[row * width + interleaved(gate, unit, gates)];
        }
      }
    }
    expect(arena.get(target, rows * stride)).toEqual(expected);
  });
});
