import { describe, expect, test } from 'vitest';
import { dot as reference, type DotConfig } from '../reference/dot.js';
import { reshaped, tensor, type Tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';
import { exchangeAxes } from './recurrent.js';

/** An operand [T, B, F] or, with steps = 0, [B, F], and how Keras counts its axes. */
interface Operand {
  readonly steps: number;
  readonly features: number;
  readonly values: Float32Array;
}

/** Bytes from batch row to batch row, and along an axis of a time-major tensor of padded rows. */
function strides({ steps, features }: Operand, batch: number, axis: number) {
  const row = quad(features) * 4;
  const along = (which: number) => (which === 1 && steps > 0 ? batch * row : 4);
  const size = (which: number) => (which === 1 && steps > 0 ? steps : features);
  // The other axis; of rank 2 there is none.
  const other = 3 - axis;
  return steps > 0
    ? { batch: row, sum: along(axis), count: size(axis), free: along(other), freeCount: size(other) }
    : { batch: row, sum: 4, count: features, free: 0, freeCount: 1 };
}

const asReference = ({ steps, features, values }: Operand, batch: number): Tensor =>
  steps > 0 ? exchangeAxes(values, steps, batch, features) : tensor([batch, features], values);

/** The reference's numbers in our order. */
const asOurs = ({ steps, features }: Operand, batch: number, { data }: Tensor): ArrayLike<number> =>
  steps > 0 ? exchangeAxes(data, batch, steps, features).data : data;

/** Every pair of axes, by the ranks of the operands. */
const cases: readonly { readonly ranks: readonly [number, number]; readonly axes: readonly [number, number] }[] = [
  { ranks: [2, 2], axes: [1, 1] },
  { ranks: [3, 3], axes: [2, 2] },
  { ranks: [3, 3], axes: [1, 1] },
  { ranks: [3, 3], axes: [2, 1] },
  { ranks: [3, 3], axes: [1, 2] },
  { ranks: [2, 3], axes: [1, 2] },
  { ranks: [2, 3], axes: [1, 1] },
  { ranks: [3, 2], axes: [2, 1] },
  { ranks: [3, 2], axes: [1, 1] },
];

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test.each(cases)(
    'dot of ranks $ranks along axes $axes, and its gradients, are those of float64',
    ({ ranks, axes }) => {
      const draw = new Draw(1);
      for (let round = 0; round < 60; round++) {
        const arena = new Arena(module);
        const batch = draw.integer(1, 4);
        const common = draw.integer(1, 20);
        const operand = (rank: number, axis: number): Operand => {
          const free = draw.integer(1, 12);
          const steps = rank === 2 ? 0 : axis === 1 ? common : free;
          const features = rank === 2 || axis === 2 ? common : free;
          return { steps, features, values: draw.floats(batch * Math.max(steps, 1) * features) };
        };
        const [x, y] = [operand(ranks[0], axes[0]), operand(ranks[1], axes[1])];
        const [sx, sy] = [strides(x, batch, axes[0]), strides(y, batch, axes[1])];
        const rowsOf = ({ steps }: Operand) => batch * Math.max(steps, 1);
        const [px, py] = [x, y].map((one) => arena.putRows(one.values, rowsOf(one), one.features, NaN));

        // Two free axes make [I, B, J]; a single one the row of a batch; none at all one number.
        const z: Operand = {
          steps: ranks[0] === 3 && ranks[1] === 3 ? sx.freeCount : 0,
          features: ranks[1] === 3 ? sy.freeCount : sx.freeCount,
          values: new Float32Array(),
        };
        const zRow = quad(z.features) * 4;
        const [zI, zJ] = ranks[1] === 3 ? [batch * zRow, 4] : [4, zRow];
        const pz = arena.allocate(rowsOf(z) * quad(z.features));
        const [I, J, K] = [sx.freeCount, sy.freeCount, sx.count];
        const [xs, ys] = [
          [sx.batch, sx.free, sx.sum],
          [sy.batch, sy.free, sy.sum],
        ];
        if (ranks[1] === 3) kernels.dot(px, py, pz, batch, I, J, K, ...xs, ...ys, zRow, zI, zJ, 0);
        // The free axis is to lie along a row: the operands change places.
        else kernels.dot(py, px, pz, batch, J, I, K, ...ys, ...xs, zRow, zJ, zI, 0);

        const count = rowsOf(z) * z.features;
        const dz = draw.floats(count);
        const cotangent = arena.putRows(dz, rowsOf(z), z.features, NaN);
        const [beforeX, beforeY] = [draw.floats(x.values.length), draw.floats(y.values.length)];
        const dx = arena.putRows(beforeX, rowsOf(x), x.features);
        const dy = arena.putRows(beforeY, rowsOf(y), y.features);
        // dx(b, i, k) += Σ_j dz(b, i, j) y(b, j, k), dy(b, j, k) += Σ_i dz(b, i, j) x(b, i, k)
        const [yByK, xByK] = [
          [sy.batch, sy.sum, sy.free],
          [sx.batch, sx.sum, sx.free],
        ];
        kernels.dot(cotangent, py, dx, batch, I, K, J, zRow, zI, zJ, ...yByK, sx.batch, sx.free, sx.sum, 1);
        kernels.dot(cotangent, px, dy, batch, J, K, I, zRow, zJ, zI, ...xByK, sy.batch, sy.free, sy.sum, 1);

        const config: DotConfig = { axes };
        const pass = reference(config, [], [asReference(x, batch), asReference(y, batch)]);
        const back = pass.backward([reshaped(asReference({ ...z, values: dz }, batch), pass.outputs[0].shape)]);
        const wanted = asOurs(z, batch, pass.outputs[0]);
        arena.getRows(pz, rowsOf(z), z.features).forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 5));
        for (const [which, [operandOf, pointer, before]] of (
          [
            [x, dx, beforeX],
            [y, dy, beforeY],
          ] as const
        ).entries()) {
          const gradient = asOurs(operandOf, batch, back.inputs[which]);
          arena
            .getRows(pointer, rowsOf(operandOf), operandOf.features)
            .forEach((value, i) => expect(value).toBeCloseTo(before[i] + gradient[i], 5));
        }
        arena.release();
      }
    },
  );

  test('a batch row has the same bits alone and among others', () => {
    const draw = new Draw(2);
    const arena = new Arena(module);
    const [steps, batch, features] = [5, 4, 7];
    const row = quad(features) * 4;
    const x = arena.putRows(draw.floats(steps * batch * features), steps * batch, features, NaN);
    const y = arena.putRows(draw.floats(steps * batch * features), steps * batch, features, NaN);
    const z = arena.allocate(steps * batch * quad(steps));
    const one = arena.allocate(steps * quad(steps));
    const from = [row, batch * row, 4];
    kernels.dot(x, y, z, batch, steps, steps, features, ...from, ...from, 32, batch * 32, 4, 0);
    const together = arena.getRows(z, steps * batch, steps);
    for (let b = 0; b < batch; b++) {
      kernels.dot(x + b * row, y + b * row, one, 1, steps, steps, features, ...from, ...from, 32, 32, 4, 0);
      const alone = arena.getRows(one, steps, steps);
      for (let i = 0; i < steps; i++) {
        const at = (i * batch + b) * steps;
        expect(alone.subarray(i * steps, (i + 1) * steps)).toEqual(together.subarray(at, at + steps));
      }
    }
    arena.release();
  });

  test.each([0, 1])('l2Normalize gives vectors of length 1, with their gradients; over time = %i', (overTime) => {
    const draw = new Draw(3);
    for (const features of [1, 2, 4, 5, 8, 13]) {
      for (const steps of [0, 1, 2, 9]) {
        const arena = new Arena(module);
        const batch = draw.integer(1, 3);
        const rows = steps * batch;
        const x = draw.floats(rows * features);
        // One vector of nothing, and one shorter than 1e-7.
        if (!overTime && rows > 1) x.fill(0, 0, features).fill(1e-9, features, 2 * features);
        const [dy, before] = [draw.floats(x.length, 1e-3), draw.floats(x.length)];
        const source = arena.putRows(x, rows, features, NaN);
        const y = arena.allocate(rows * quad(features));
        kernels.l2Normalize(source, y, steps, batch, features, overTime);
        const dx = arena.putRows(before, rows, features, NaN);
        const sizes = [steps, batch, features, overTime];
        kernels.l2NormalizeBackward(source, y, arena.putRows(dy, rows, features, NaN), dx, ...sizes);

        // By definition: places of one vector, its length, and the gradient from that.
        const found = arena.getRows(y, rows, features);
        const gradient = arena.getRows(dx, rows, features).map((value, i) => value - before[i]);
        const width = batch * features;
        const isTogether = (i: number, j: number) =>
          overTime ? i % width === j % width : Math.floor(i / features) === Math.floor(j / features);
        for (const i of x.keys()) {
          const places = [...x.keys()].filter((j) => isTogether(i, j));
          const length = Math.sqrt(places.reduce((sum, j) => sum + x[j] * x[j], 0));
          const scale = 1 / Math.max(length, 1e-7);
          expect(Math.abs(found[i] - x[i] * scale)).toBeLessThan(1e-6);
          const along = length < 1e-7 ? 0 : places.reduce((sum, j) => sum + dy[j] * x[j], 0) * scale ** 3;
          const wanted = dy[i] * scale - along * x[i];
          expect(Math.abs(gradient[i] - wanted)).toBeLessThan(1e-6 * (1 + Math.abs(wanted)));
        }
        kernels.l2Normalize(source, source, ...sizes);
        expect(arena.getRows(source, rows, features)).toEqual(found);
        arena.release();
      }
    }
  });
});
