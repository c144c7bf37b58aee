/** Whole sequence = any chunks = any batch split, to the bit, for random chains and graphs, in both builds. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { functional, sequential, type TrainableModel } from '../../src/index.js';
import { relaxed } from '../../src/relaxed.js';
import { chainOf, drawWeights, drawnModel, graphOf, statefulChainOf, type DrawnModel } from './random-models.js';
import {
  chunkLengths,
  cuts,
  drawnData,
  expectSameBits,
  join,
  push,
  sequences,
  stepsOf,
  vectors,
  type Given,
} from './runs.js';
import { settings } from './settings.js';

interface Made {
  readonly model: TrainableModel;
  readonly fixed: readonly number[];
}

describe.each([
  ['deterministic', {}],
  ['relaxed', { kernels: relaxed }],
] as const)('%s kernels', (name, build) => {
  const chain = (drawn: DrawnModel): TrainableModel =>
    drawWeights(sequential({ ...build, layers: chainOf(drawn) }), drawn.seed);
  const graph = (drawn: DrawnModel): Made => {
    const { options, fixed } = graphOf(drawn);
    return { model: drawWeights(functional({ ...build, ...options }), drawn.seed), fixed };
  };
  const perProperty = settings(100);
  let done = 0;

  afterAll(() => {
    // A build that did not run is a failure, not a pass.
    expect(done, `${name}: runs`).toBe((2 * 2 + 3) * perProperty.numRuns);
  });

  describe.each([
    ['chain', (drawn: DrawnModel): Made => ({ model: chain(drawn), fixed: [] })],
    ['graph', graph],
  ] as const)('%s', (_form, make) => {
    test('a stream fed in any chunks equals the whole run', () => {
      fc.assert(
        fc.property(drawnModel, drawnData, chunkLengths, (drawn, data, lengths) => {
          const { model, fixed } = make(drawn);
          const [x, given] = [sequences({ ...data, steps: data.steps + 1 }, drawn.features), vectors(data, fixed)];
          const whole = model.predictAll([x, ...given]);
          const session = model.stream({ batch: data.rows, ...(given.length > 0 ? { fixed: given } : {}) });
          expectSameBits(push(session, x, lengths, whole), whole);
          session.reset();
          expectSameBits(push(session, x, [lengths[0] + 1], whole), whole);
          session.close();
          done++;
        }),
        perProperty,
      );
    });

    test('any batch split gives the same rows', () => {
      fc.assert(
        fc.property(drawnModel, drawnData, (drawn, data) => {
          const { model, fixed } = make(drawn);
          const given: Given[] = [sequences(data, drawn.features), ...vectors(data, fixed)];
          const whole = model.predictAll(given, { batchSize: data.rows });
          for (let batchSize = 1; batchSize < data.rows; batchSize++) {
            const split = model.predictAll(given, { batchSize });
            expectSameBits(
              split.map((tensor) => tensor.data),
              whole,
            );
          }
          done++;
        }),
        perProperty,
      );
    });
  });

  test('sessions fed in turns, with predictions in between, are independent of each other', () => {
    fc.assert(
      fc.property(drawnModel, drawnData, drawnData, chunkLengths, (drawn, one, two, lengths) => {
        const model = chain(drawn);
        const fed = [one, two].map((data) => {
          const x = sequences({ ...data, steps: data.steps + 1 }, drawn.features);
          return { x, session: model.stream({ batch: data.rows }), parts: cuts(x.shape[1], lengths) };
        });
        const results = fed.map(() => [] as Float32Array[]);
        for (let turn = 0; fed.some(({ parts }) => turn < parts.length); turn++) {
          fed.forEach(({ x, session, parts }, i) => {
            // Of a growing size, so that the scratch block that all plans overlay moves.
            model.predict(stepsOf(x, 0, Math.min(turn, x.shape[1])));
            if (turn < parts.length) results[i].push(session.push(stepsOf(x, ...parts[turn])).data);
          });
        }
        fed.forEach(({ x, parts }, i) => {
          const alone = model.stream({ batch: x.shape[0] });
          expectSameBits(
            results[i],
            parts.map(([from, to]) => alone.push(stepsOf(x, from, to))),
          );
        });
        done++;
      }),
      perProperty,
    );
  });

  test('with out, push gives the bits that the tensor has, and the number of rows', () => {
    fc.assert(
      fc.property(drawnModel, drawnData, chunkLengths, (drawn, data, lengths) => {
        const model = chain(drawn);
        const x = sequences(data, drawn.features);
        const [plain, into] = [model.stream({ batch: data.rows }), model.stream({ batch: data.rows })];
        for (const [from, to] of cuts(data.steps, lengths)) {
          const tensor = plain.push(stepsOf(x, from, to));
          const out = new Float32Array(tensor.data.length);
          expect(into.push(stepsOf(x, from, to), out)).toBe(tensor.shape.at(-2));
          expectSameBits([out], [tensor]);
        }
        done++;
      }),
      perProperty,
    );
  });

  test('a stateful model that predicts in pieces gives the whole run; resetStates starts anew', () => {
    fc.assert(
      fc.property(drawnModel, drawnData, chunkLengths, (drawn, data, lengths) => {
        const model = drawWeights(sequential({ ...build, layers: statefulChainOf(drawn) }), drawn.seed);
        const x = sequences(data, drawn.features);
        const whole = model.predict(x);
        model.resetStates();
        const pieces = cuts(data.steps, lengths).map(([from, to]) => model.predict(stepsOf(x, from, to)));
        expectSameBits([join(pieces, whole)], [whole]);
        model.resetStates();
        expectSameBits([model.predict(x).data], [whole]);
        done++;
      }),
      perProperty,
    );
  });
});
