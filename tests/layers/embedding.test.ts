/** Embedding: what the table of cases does not show. Errors, pretrained and frozen tables, streams, masks, words of sentences. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type TrainableModel } from '../../src/index.js';
import { sequential as inferenceSequential } from '../../src/inference.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { chain } from '../reference/chain.js';
import { dense } from '../reference/dense.js';
import { embedding } from '../reference/embedding.js';
import { recurrent } from '../reference/recurrent.js';
import { tensor, toTensor, type Tensor } from '../reference/tensor.js';

const [words, features, units] = [7, 5, 4];
const ids = [
  [3, 1, 0, 6, 2],
  [0, 5, 5, 0, 0],
  [0, 0, 0, 0, 0],
];
const table = tensor([words, features], createRandom(5).normals(words * features, 0.7));
const rowsOf = (matrix: Tensor): number[][] =>
  Array.from({ length: words }, (_, i) => Array.from(matrix.data.subarray(i * features, (i + 1) * features)));

const steps = { inputDim: words, outputDim: features, inputShape: [null] };

/** Weights that differ from first values. */
function withWeights(model: TrainableModel, seed = 3): TrainableModel {
  const random = createRandom(seed);
  model.setWeights(model.getWeights().map(({ data, shape }) => ({ data: random.normals(data.length, 0.6), shape })));
  return model;
}

describe('what is no word is refused before anything runs', () => {
  const model = sequential({ layers: [layers.embedding(steps), layers.lstm({ units })] });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const targets = [[0, 0, 0, 0]];

  test.each([
    [
      -1,
      [
        [0, 1],
        [2, -1],
      ],
      'integers from 0 to 6, got -1 at [1, 1]',
    ],
    [
      7,
      [
        [7, 1],
        [2, 1],
      ],
      'integers from 0 to 6, got 7 at [0, 0]',
    ],
    [
      1.5,
      [
        [0, 1.5],
        [2, 1],
      ],
      'integers from 0 to 6, got 1.5 at [0, 1]',
    ],
    [
      NaN,
      [
        [0, 1],
        [NaN, 1],
      ],
      'integers from 0 to 6, got NaN at [1, 0]',
    ],
    [Infinity, [[0, Infinity]], 'integers from 0 to 6, got Infinity at [0, 1]'],
  ])('%d', async (_, x, message) => {
    const before = model.getWeights();
    const y = x.map(() => targets[0]);
    expect(() => model.predict(x)).toThrow(`sequential: predict: embedding: expected ${message}`);
    expect(() => model.trainOnBatch(x, y)).toThrow(`sequential: trainOnBatch: embedding: expected ${message}`);
    expect(() => model.evaluate(x, y)).toThrow(`sequential: evaluate: embedding: expected ${message}`);
    expect(() => model.gradients(x, y)).toThrow(`sequential: gradients: embedding: expected ${message}`);
    await expect(model.fit(x, y, { verbose: 0 })).rejects.toThrow(`sequential: fit: embedding: expected ${message}`);
    expect(model.getWeights().map(toTensor)).toEqual(before.map(toTensor));
  });

  test('in a stream', () => {
    const session = model.stream();
    session.push([1, 2]);
    const whole = model.predict([[1, 2, 3]]).data;
    expect(() => session.push([1, 7])).toThrow(
      'sequential: push: embedding: expected integers from 0 to 6, got 7 at [1]',
    );
    expect(() => session.push(Float32Array.of(-3))).toThrow('got -3 at [0]');
    expect(session.push([3]).data, 'and nothing has moved on').toEqual(whole);
  });

  test('as a fixed input of a stream', () => {
    const x = input({ shape: [null, 2] });
    const kind = input({ shape: [1], name: 'kind' });
    const h = layers.flatten().apply(layers.embedding({ inputDim: 3, outputDim: units }).apply(kind));
    const outputs = layers.gru({ units }).apply(x, { initialState: h });
    const graph = functional({ inputs: [x, kind], outputs });
    expect(() => graph.stream({ fixed: [[3]] })).toThrow(
      'functional: stream: fixed: embedding: expected integers from 0 to 2, got 3 at [0, 0]',
    );
    expect(graph.stream({ fixed: [[2]] }).push([[1, 2]]).data).toEqual(graph.predict([[[[1, 2]]], [[2]]]).data);
  });

  test('numbers that a layer computes cannot be checked', () => {
    const x = input({ shape: [3] });
    expect(() => layers.embedding({ inputDim: 3, outputDim: 2 }).apply(layers.dense({ units: 3 }).apply(x))).toThrow(
      'embedding: expected the values of an input, got those of dense',
    );
  });

  test('moved ones can', () => {
    const x = input({ shape: [6] });
    const pairs = layers.reshape({ targetShape: [3, 2] }).apply(x);
    const outputs = layers
      .embedding({ inputDim: 3, outputDim: 2 })
      .apply(layers.permute({ dims: [2, 1] }).apply(pairs));
    const model = withWeights(functional({ inputs: x, outputs }));
    const [embeddings] = model.getWeights();
    const rows = embeddings.toArray() as number[][];
    expect(model.predict([[0, 1, 2, 1, 0, 2]]).toArray()).toEqual([
      [
        [rows[0], rows[2], rows[0]],
        [rows[1], rows[1], rows[2]],
      ],
    ]);
    expect(() => model.predict([[0, 1, 2, 1, 3, 2]])).toThrow(
      'embedding: expected integers from 0 to 2, got 3 at [0, 4]',
    );
  });

  test('sequences of numbers are for Embedding alone', () => {
    const x = input({ shape: [null] });
    expect(() => functional({ inputs: x, outputs: x })).toThrow(
      'functional: expected outputs with features, got [batch, time]',
    );
    for (const layer of [layers.dense({ units: 1 }), layers.activation({ activation: 'tanh' }), layers.flatten()]) {
      expect(() => layer.apply(x)).toThrow(/: expected an input with features, got \[batch, time\]/);
    }
  });
});

describe('the table', () => {
  test('starts from −0.05 to 0.05', () => {
    const model = sequential({ layers: [layers.embedding({ inputDim: 100, outputDim: 7, inputShape: [null] })] });
    const { data, shape } = model.getWeights()[0];
    expect(shape).toEqual([100, 7]);
    expect(Math.max(...data)).toBeGreaterThan(0.049);
    expect(Math.max(...data)).toBeLessThanOrEqual(0.05);
    expect(Math.min(...data)).toBeLessThan(-0.049);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(Math.fround(-0.05));
  });

  test.each([
    ['nested', rowsOf(table)],
    ['flat', table],
    ['in a list, as Keras has it', [rowsOf(table)]],
  ])('starts as it is given: %s', (_, weights) => {
    for (const make of [sequential, inferenceSequential]) {
      const model = make({ layers: [layers.embedding({ ...steps, weights })] });
      expect(toTensor(model.getWeights()[0])).toEqual(toTensor(table));
      expect(model.predict([[2]]).toArray()).toEqual([[Array.from(table.data.subarray(2 * features, 3 * features))]]);
    }
  });

  test('is a copy of what is given', () => {
    const weights = { data: Float32Array.of(1, 2), shape: [1, 2] };
    const layer = layers.embedding({ inputDim: 1, outputDim: 2, weights, inputShape: [null] });
    weights.data[0] = 9;
    expect(sequential({ layers: [layer] }).predict([[0]]).data).toEqual(Float32Array.of(1, 2));
  });

  test('frozen, it stays, and what is behind it learns', () => {
    const make = (trainable: boolean) => {
      const embed = layers.embedding({ ...steps, weights: table, trainable });
      const model = sequential({ layers: [embed, layers.lstm({ units }), layers.dense({ units: 1 })] });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      const losses = Array.from({ length: 5 }, () => model.trainOnBatch(ids, [[1], [0], [-1]]).loss);
      return { losses, table: toTensor(model.getWeights()[0]) };
    };
    const [frozen, trained] = [make(false), make(true)];
    expect(frozen.table).toEqual(toTensor(table));
    expect(frozen.losses[4]).toBeLessThan(frozen.losses[0]);
    expect(trained.table).not.toEqual(frozen.table);
  });

  test('serves sequences of any length, side by side', () => {
    const layer = layers.embedding({ inputDim: words, outputDim: features });
    const [question, answer] = [input({ shape: [3] }), input({ shape: [null] })];
    const outputs = [question, answer].map((x) => layer.apply(x));
    const model = functional({ inputs: [question, answer], outputs });
    model.setWeights([table]);
    const [a, b] = model.predictAll([[[4, 0, 1]], [[6, 1]]]);
    expect(toTensor(a)).toEqual(
      embedding({ inputDim: words, outputDim: features }, [table], [tensor([1, 3], [4, 0, 1])]).outputs[0],
    );
    expect(toTensor(b)).toEqual(
      embedding({ inputDim: words, outputDim: features }, [table], [tensor([1, 2], [6, 1])]).outputs[0],
    );
    // Gradients of both calls go to the one table.
    const gradient = model.gradients(
      [[[4, 0, 1]], [[6, 1]]],
      [a, b].map(({ shape }) => ones(shape)),
    ).weights[0];
    const counts = [1, 2, 0, 0, 1, 0, 1];
    expect((gradient.toArray() as number[][]).map(([first]) => first)).toEqual(counts);
  });
});

const ones = (shape: readonly number[]) => ({
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
  shape,
});

/** Embedding, LSTM and Dense of the reference: what a padded sentence gives, and gradients. */
function reference(maskZero: boolean, weights: readonly Tensor[]) {
  const [sentence, flat] = [ids, ids.flat()];
  const config = { inputDim: words, outputDim: features, maskZero };
  const x = tensor([sentence.length, sentence[0].length], flat);
  return chain(
    [
      { weights: 1, forward: (own, given) => embedding(config, own, [given]) },
      {
        weights: 3,
        forward: (own, given, mask) => recurrent({ layer: 'lstm', config: { units } }, own, [given], mask),
      },
      { weights: 2, forward: (own, given) => dense({ units: 2 }, own, [given]) },
    ],
    weights,
    x,
  );
}

describe('maskZero', () => {
  const make = (shape: number | null, maskZero: boolean): TrainableModel => {
    const layer = layers.embedding({ ...steps, inputShape: [shape], maskZero });
    return withWeights(sequential({ layers: [layer, layers.lstm({ units }), layers.dense({ units: 2 })] }));
  };

  test.each([
    ['any length', null],
    ['a length that is known', 5],
  ])('goes on to an LSTM, forward and backward: %s', (_, shape) => {
    for (const maskZero of [true, false]) {
      const model = make(shape, maskZero);
      const pass = reference(maskZero, model.getWeights().map(toTensor));
      expect(relativeError([toTensor(model.predict(ids))], pass.outputs, 1e-2)).toBeLessThan(1e-5);
      const cotangent = tensor([3, 2], [1, -2, 0.5, 1, 2, 1]);
      const gradients = model.gradients(ids, cotangent);
      const expected = pass.backward([cotangent]);
      expect(relativeError(gradients.weights.map(toTensor), expected.weights, 1e-2)).toBeLessThan(1e-4);
      expect(gradients.inputs[0].shape).toEqual([3, 5]);
      expect(gradients.inputs[0].data.every((value) => value === 0)).toBe(true);
    }
  });

  test('a length that is known may be a time axis, too', () => {
    const x = input({ shape: [5], dtype: 'int32' });
    const layer = layers.embedding({ inputDim: words, outputDim: features, maskZero: true });
    const outputs = layers.dense({ units: 2 }).apply(layers.lstm({ units }).apply(layer.apply(x)));
    const model = withWeights(functional({ inputs: x, outputs }));
    expect(model.predict(ids).data).toEqual(make(5, true).predict(ids).data);
    expect(() => model.predict([[1, 2]])).toThrow('shape [batch, 5], got [1, 2]');
  });

  test('zeros behind a sentence change nothing', () => {
    const model = make(null, true);
    const longer = ids.map((row) => [...row, ...Array.from({ length: 9 }, () => 0)]);
    expect(model.predict(longer).data).toEqual(model.predict(ids).data);
  });

  test('wants sequences', () => {
    const layer = layers.embedding({ inputDim: 3, outputDim: 2, maskZero: true });
    expect(() => layer.apply(input({ shape: [null, 4] }))).toThrow(
      'embedding: maskZero: expected an input of shape [batch, time], got [null, null, 4]',
    );
  });
});

describe('a stream of words', () => {
  test.each([true, false])('in any chunks gives the bits of the whole run, maskZero %s', (maskZero) => {
    const embed = layers.embedding({ ...steps, maskZero });
    const model = withWeights(sequential({ layers: [embed, layers.gru({ units, returnSequences: true })] }));
    const whole = model.predict(ids).toArray();
    for (const chunk of [1, 2, 3, 5]) {
      const session = model.stream({ batch: 3 });
      const pieces = ids.map((): number[][] => []);
      for (let from = 0; from < 5; from += chunk) {
        const rows = session.push(ids.map((row) => row.slice(from, from + chunk))).toArray() as number[][][];
        rows.forEach((row, b) => pieces[b].push(...row));
      }
      expect(pieces, `chunks of ${chunk}`).toEqual(whole);
    }
  });

  test('takes plain numbers, one or several, and says so', () => {
    const model = withWeights(sequential({ layers: [layers.embedding(steps)] }));
    const session = model.stream();
    const whole = (model.predict([[4, 2]]).toArray() as number[][][])[0];
    expect(session.push([4]).toArray()).toEqual(whole.slice(0, 1));
    expect(session.push(Float32Array.of(4, 2)).toArray()).toEqual(whole);
    expect(session.push({ data: Int32Array.of(4, 2), shape: [2] }).toArray()).toEqual(whole);
    expect(session.push([]).shape).toEqual([0, features]);
    const out = new Float32Array(2 * features);
    expect(session.push(Float32Array.of(4, 2), out)).toBe(2);
    expect(out).toEqual(Float32Array.from(whole.flat()));
    expect(() => session.push([[4], [2]])).toThrow('sequential: push: expected shape [time], got [2, 1]');
    expect(() => model.stream({ batch: 2 }).push([1, 2])).toThrow('push: expected shape [2, time], got [2]');
  });
});

describe('words of sentences', () => {
  const sentences = [
    [
      [1, 2, 0],
      [3, 3, 3],
    ],
    [
      [0, 0, 0],
      [6, 0, 1],
    ],
  ];

  test('inside TimeDistributed, masked too', () => {
    const word = sequential({
      layers: [layers.embedding({ ...steps, maskZero: true }), layers.lstm({ units }), layers.dense({ units: 2 })],
      name: 'word',
    });
    const fixed = input({ shape: [null, 3] });
    const model = functional({ inputs: fixed, outputs: layers.timeDistributed({ layer: word }).apply(fixed) });
    withWeights(model);
    const alone = sequential({
      layers: [layers.embedding({ ...steps, maskZero: true }), layers.lstm({ units }), layers.dense({ units: 2 })],
    });
    alone.setWeights(model.getWeights());
    expect(model.predict(sentences).toArray()).toEqual(sentences.map((words) => alone.predict(words).toArray()));
    expect(() => model.predict([[[1, 2, 9]]])).toThrow('embedding: expected integers from 0 to 6, got 9 at [0, 0, 2]');
    const session = model.stream({ batch: 2 });
    const rows = [0, 1].map((t) => session.push(sentences.map((row) => row.slice(t, t + 1))).toArray() as number[][][]);
    expect(rows[0].map((row, b) => [...row, ...rows[1][b]])).toEqual(model.predict(sentences).toArray());
  });

  test('as they are, one axis more', () => {
    const layer = layers.embedding({ inputDim: words, outputDim: features, inputShape: [null, 3] });
    const model = sequential({ layers: [layer] });
    model.setWeights([table]);
    const x = tensor([2, 2, 3], sentences.flat(2));
    const pass = embedding({ inputDim: words, outputDim: features }, [table], [x]);
    expect(toTensor(model.predict(sentences))).toEqual(pass.outputs[0]);
    const cotangent = tensor([2, 2, 3, features], createRandom(8).normals(12 * features));
    const { weights } = model.gradients(sentences, cotangent);
    expect(relativeError(weights.map(toTensor), pass.backward([cotangent]).weights, 1e-2)).toBeLessThan(1e-5);
  });
});
