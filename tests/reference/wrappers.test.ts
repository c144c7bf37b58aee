/** Bidirectional, TimeDistributed, RepeatVector, Embedding and dropout in recurrent layers: what they are by definition. */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.js';
import { bidirectional, type MergeMode } from './bidirectional.js';
import { dense } from './dense.js';
import { embedding } from './embedding.js';
import { recurrent, type RecurrentLayer } from './recurrent.js';
import { repeatVector } from './repeat-vector.js';
import { map, multiply, sizeOf, tensor, zeros, type Tensor } from './tensor.js';
import { timeDistributed, timeDistributedOver } from './time-distributed.js';

const random = createRandom(11);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));

describe('a sum over the past and one over the future, with the first three steps masked', () => {
  const sums = (returnSequences: boolean): RecurrentLayer => ({
    layer: 'simpleRNN',
    config: { units: 1, activation: 'linear', useBias: false, returnSequences },
  });
  const one = tensor([1, 1], [1]);
  const x = tensor([1, 7, 1], [0, 0, 0, 1, 2, 3, 4]);
  const mask = [[false, false, false, true, true, true, true]];
  const run = (returnSequences: boolean, mergeMode: MergeMode) =>
    bidirectional({ layer: sums(returnSequences), mergeMode }, [one, one, one, one], [x], mask);

  test('is 0 at masked steps of a sequence, whose mask goes on', () => {
    const { outputs, mask: after } = run(true, null);
    expect([...outputs[0].data]).toEqual([0, 0, 0, 1, 3, 6, 10]);
    expect([...outputs[1].data]).toEqual([0, 0, 0, 10, 9, 7, 4]);
    expect(after).toEqual(mask);
    expect([...run(true, 'concat').outputs[0].data].slice(-4)).toEqual([6, 7, 10, 4]);
  });

  test('is the final states without returnSequences', () => {
    const { outputs, mask: after } = run(false, 'concat');
    expect(outputs.map(({ data }) => [...data])).toEqual([[10, 10], [10], [10]]);
    expect(after).toBeUndefined();
    expect(run(false, 'sum').outputs[0].data[0]).toBe(20);
    expect(run(false, 'mul').outputs[0].data[0]).toBe(100);
    expect(run(false, 'ave').outputs[0].data[0]).toBe(10);
  });

  test('refuses two layers of one direction', () => {
    expect(() => bidirectional({ layer: sums(true), backwardLayer: sums(true) }, [one, one, one, one], [x])).toThrow(
      'one of the two layers to go backwards',
    );
  });
});

test('a row that is all padding gives its initial states, has no gradient, and leaves the others alone', () => {
  const layer: RecurrentLayer = { layer: 'lstm', config: { units: 3 } };
  const weights = [2, 2].flatMap(() => [draw(2, 12), draw(3, 12), draw(12)]);
  const x = draw(2, 4, 2);
  const mask = [
    [false, false, false, false],
    [true, true, true, false],
  ];
  const pass = bidirectional({ layer }, weights, [x], mask);
  expect([...pass.outputs[0].data.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
  const alone = bidirectional({ layer }, weights, [tensor([1, 3, 2], x.data.subarray(8, 14))]);
  expect(pass.outputs[0].data.subarray(6)).toEqual(alone.outputs[0].data);
  const [dx] = pass.backward([draw(2, 6)]).inputs;
  expect(dx.data.subarray(0, 8)).toEqual(new Float64Array(8));
  expect(dx.data.subarray(8, 14).every((value) => value !== 0)).toBe(true);
});

describe('dropout in a recurrent layer', () => {
  const config = { units: 3, returnSequences: true };
  const [x, h, kernel, recurrentKernel] = [draw(2, 4, 2), draw(2, 3), draw(2, 3), draw(3, 3)];
  const weights = [kernel, recurrentKernel, draw(3)];

  test('of the inputs is a layer before it that drops the same at each step', () => {
    const keep = tensor([2, 2], [1, 0, 0, 1]);
    const [dropped] = recurrent(
      { layer: 'simpleRNN', config: { ...config, dropout: 0.5 } },
      weights,
      [x, h],
      undefined,
      {
        input: [keep],
      },
    ).outputs;
    const kept = map(x, (value, i) => 2 * value * keep.data[2 * Math.floor(i / 8) + (i % 2)]);
    expect(dropped).toEqual(recurrent({ layer: 'simpleRNN', config }, weights, [kept, h]).outputs[0]);
  });

  test('of the state leaves what it drops out of the recurrent product only', () => {
    const rates = { ...config, recurrentDropout: 0.5 };
    const keep = tensor([2, 3], [0, 0, 0, 0, 0, 0]);
    const [gru] = recurrent(
      { layer: 'gru', config: { ...rates, resetAfter: false } },
      [draw(2, 9), draw(3, 9), draw(9)],
      [zeros(2, 1, 2), h],
      undefined,
      { recurrent: [keep] },
    ).outputs;
    expect(gru.data.every((value, i) => value !== 0 && value !== h.data[i])).toBe(true);
    const [first] = recurrent({ layer: 'simpleRNN', config: rates }, weights, [x, h], undefined, {
      recurrent: [keep],
    }).outputs;
    const without = [kernel, map(recurrentKernel, () => 0), weights[2]];
    expect(first).toEqual(recurrent({ layer: 'simpleRNN', config }, without, [x, h]).outputs[0]);
  });

  test('that keeps the same for each gate is dropout that keeps it for all', () => {
    const layer: RecurrentLayer = { layer: 'lstm', config: { ...config, dropout: 0.5, recurrentDropout: 0.25 } };
    const lstmWeights = [draw(2, 12), draw(3, 12), draw(12)];
    const [input, state] = [tensor([2, 2], [1, 0, 0, 1]), tensor([2, 3], [1, 1, 0, 0, 1, 1])];
    const forAll = recurrent(layer, lstmWeights, [x], undefined, { input: [input], recurrent: [state] });
    const forEach = recurrent(layer, lstmWeights, [x], undefined, {
      input: [input, input, input, input],
      recurrent: [state, state, state, state],
    });
    forAll.outputs.forEach((one, i) => {
      one.data.forEach((value, at) => expect(forEach.outputs[i].data[at]).toBeCloseTo(value, 14));
    });
  });
});

test('TimeDistributed is the layer at each step, and may be told the step', () => {
  const weights = [draw(3, 2), draw(2)];
  const x = draw(2, 4, 3);
  expect(timeDistributed({ layer: { units: 2 } }, weights, [x]).outputs[0].data).toEqual(
    dense({ units: 2 }, weights, [x]).outputs[0].data,
  );
  const seen: number[] = [];
  timeDistributedOver(
    (own, [rows], t) => {
      seen.push(t);
      return dense({ units: 2 }, own, [multiply(rows, rows)]);
    },
    weights,
    [x],
  );
  expect(seen).toEqual([0, 1, 2, 3]);
});

test('RepeatVector stands at each step', () => {
  expect(repeatVector({ n: 2 }, [], [tensor([2, 2], [1, 2, 3, 4])]).outputs).toEqual([
    tensor([2, 2, 2], [1, 2, 1, 2, 3, 4, 3, 4]),
  ]);
});

test('Embedding looks rows up, sums their gradients, and masks id 0 if asked', () => {
  const table = tensor([3, 2], [1, 2, 3, 4, 5, 6]);
  const ids = tensor([2, 2], [2, 0, 2, 1]);
  const pass = embedding({ inputDim: 3, outputDim: 2, maskZero: true }, [table], [ids]);
  expect(pass.outputs).toEqual([tensor([2, 2, 2], [5, 6, 1, 2, 5, 6, 3, 4])]);
  expect(pass.mask).toEqual([
    [true, false],
    [true, true],
  ]);
  const { weights } = pass.backward([tensor([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])]);
  expect(weights).toEqual([tensor([3, 2], [3, 4, 7, 8, 6, 8])]);
  expect(embedding({ inputDim: 3, outputDim: 2 }, [table], [ids]).mask).toBeUndefined();
  expect(() => embedding({ inputDim: 2, outputDim: 2 }, [table], [ids])).toThrow('expected shape [2, 2]');
  expect(() => embedding({ inputDim: 3, outputDim: 2 }, [table], [tensor([1, 1], [0.5])])).toThrow('whole numbers');
});
