/** Every layer that streams, option by option: fed in chunks it gives what it gives of the whole sequence, to the bit. */
import { describe, expect, test } from 'vitest';
import { inferenceCases, modelOf } from '../gradients/library-against-reference.js';
import { describeCase } from '../reference/cases/case.js';

describe('streamed in chunks, to the bit', () => {
  const streaming = inferenceCases().filter(
    (one) => one.inputs.length === 1 && one.inputs[0].shape.length === 3 && !('mask' in one && one.mask),
  );
  test.each(streaming.map((one) => [one.layer, describeCase(one), one] as const))('%s: %s', (_layer, _what, one) => {
    const model = modelOf(one, { returnState: false });
    model.setWeights(one.weights);
    const [x] = one.inputs;
    const [batch, time, features] = x.shape;
    let session;
    try {
      session = model.stream({ batch });
    } catch (error) {
      expect(String(error)).toMatch(/whole sequence|depends on|time axis/);
      return;
    }
    const [whole] = model.predictAll([x]);
    for (const chunk of [1, 2, 3, time]) {
      session.reset();
      const pieces: number[][][] = Array.from({ length: batch }, () => []);
      for (let from = 0; from < time; from += chunk) {
        const steps = Math.min(chunk, time - from);
        const data = new Float32Array(batch * steps * features);
        for (let b = 0; b < batch; b++) {
          data.set(
            x.data.slice((b * time + from) * features, (b * time + from + steps) * features),
            b * steps * features,
          );
        }
        const rows = session.push({ data, shape: [batch, steps, features] }).toArray() as number[][][] | number[][];
        const perRow =
          batch === 1 && !Array.isArray((rows as number[][])[0]?.[0]) ? [rows as number[][]] : (rows as number[][][]);
        perRow.forEach((row, b) => pieces[b].push(...row));
      }
      if (whole.shape.length === 2) {
        expect(
          pieces.map((row) => row.at(-1)),
          `chunks of ${chunk}`,
        ).toEqual(whole.toArray());
      } else {
        const expected = whole.toArray() as number[][][];
        // What only the end of a sequence makes (right padding) is not emitted.
        expect(pieces, `chunks of ${chunk}`).toEqual(expected.map((row, b) => row.slice(0, pieces[b].length)));
        if (expected[0].length > 0) expect(pieces[0].length).toBeGreaterThan(0);
      }
    }
  });
});
