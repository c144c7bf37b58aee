import { expect, test } from 'vitest';
import { prelu as reference } from '../reference/prelu.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad } from './load.js';
import { exchangeAxes } from './recurrent.js';

const { kernels, ...module } = load();
const arena = new Arena({ kernels, ...module });

/** Keras's sharedAxes, and so alpha's shape: [T or 1, F or 1]. */
const kinds: readonly (readonly number[])[] = [[], [1], [2], [1, 2]];

test('prelu and its gradients agree with float64 for every shape of alpha', () => {
  const draw = new Draw(1);
  let cases = 0;
  for (const sharedAxes of kinds) {
    for (const features of [1, 3, 4, 5, 8, 17]) {
      for (const [steps, batch] of [
        [0, 2],
        [1, 1],
        [3, 2],
        [5, 3],
        [30, 20],
      ]) {
        const rows = steps * batch;
        const x = draw.floats(rows * features, 2);
        const dy = draw.floats(rows * features);
        const [alphaSteps, alphaFeatures] = [sharedAxes.includes(1) ? 1 : steps, sharedAxes.includes(2) ? 1 : features];
        const alpha = draw.floats(alphaSteps * alphaFeatures);
        const [before, beforeAlpha] = [draw.floats(x.length), draw.floats(alpha.length)];

        const source = arena.putRows(x, rows, features, NaN);
        const slopes = arena.putRows(alpha, alphaSteps, alphaFeatures, NaN);
        const y = arena.allocate(rows * quad(features));
        const layout = [sharedAxes.includes(1) ? 0 : quad(alphaFeatures) * 4, Number(sharedAxes.includes(2))];
        kernels.prelu(source, slopes, y, steps, batch, features, ...layout);

        const cotangent = arena.putRows(dy, rows, features, NaN);
        const dx = arena.putRows(before, rows, features, NaN);
        const dAlpha = arena.putRows(beforeAlpha, alphaSteps, alphaFeatures);
        kernels.preluBackward(source, slopes, cotangent, dx, dAlpha, steps, batch, features, ...layout);

        const pass = reference(
          { sharedAxes },
          [tensor([alphaSteps, alphaFeatures], alpha)],
          [exchangeAxes(x, steps, batch, features)],
        );
        const back = pass.backward([exchangeAxes(dy, steps, batch, features)]);
        const wanted = exchangeAxes(pass.outputs[0].data, batch, steps, features).data;
        const wantedDx = exchangeAxes(back.inputs[0].data, batch, steps, features).data;
        arena.getRows(y, rows, features).forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 6));
        arena.getRows(dx, rows, features).forEach((value, i) => expect(value).toBeCloseTo(before[i] + wantedDx[i], 5));
        const scale = Math.max(1, Math.sqrt(rows * features));
        arena.getRows(dAlpha, alphaSteps, alphaFeatures).forEach((value, i) => {
          expect(Math.abs(value - beforeAlpha[i] - back.weights[0].data[i])).toBeLessThan(2e-6 * scale);
        });
        // In place.
        kernels.prelu(source, slopes, source, steps, batch, features, ...layout);
        expect(arena.getRows(source, rows, features)).toEqual(arena.getRows(y, rows, features));
        arena.release();
        cases++;
      }
    }
  }
  expect(cases).toBe(kinds.length * 6 * 5);
});

test('prelu needs neither of its gradients', () => {
  const draw = new Draw(2);
  const [x, alpha, dy] = [draw.floats(15), draw.floats(5), draw.floats(15)];
  const pointers = [arena.putRows(x, 3, 5), arena.putRows(alpha, 1, 5), arena.putRows(dy, 3, 5)];
  const [dx, dAlpha, alone, aloneAlpha] = [15, 5, 15, 5].map((n) => arena.putRows(new Float32Array(n), n / 5, 5));
  kernels.preluBackward(...pointers, dx, dAlpha, 3, 1, 5, 0, 0);
  kernels.preluBackward(...pointers, alone, 0, 3, 1, 5, 0, 0);
  kernels.preluBackward(...pointers, 0, aloneAlpha, 3, 1, 5, 0, 0);
  expect(arena.getRows(alone, 3, 5)).toEqual(arena.getRows(dx, 3, 5));
  expect(arena.getRows(aloneAlpha, 1, 5)).toEqual(arena.getRows(dAlpha, 1, 5));
  arena.release();
});
