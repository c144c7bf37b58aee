/** CTC against the sum over all paths, which is its definition; the model's kernel is the prediction (see loss-trajectories). */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, losses, optimizers, sequential } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { ctc, type CtcConfig } from '../reference/ctc.js';
import { map, scale, subtract, tensor, toTensor, type Mask, type Tensor } from '../reference/tensor.js';

const random = createRandom(3);
const [batch, time] = [3, 5];

function model(classes: number, start: Tensor, masked: boolean, blankIndex: number, learningRate = 1) {
  const x = input({ shape: [null, batch * time] });
  const masks = masked ? [input({ shape: [null], dtype: 'bool' })] : [];
  const dense = layers.dense({ units: classes, useBias: false });
  const outputs = dense.apply(x, masked ? { mask: masks[0] } : {});
  const made = functional({ inputs: [x, ...masks], outputs });
  made.setWeights([tensor([batch * time, classes], start.data)]);
  made.compile({ optimizer: optimizers.sgd({ learningRate }), loss: losses.ctc({ blankIndex }), metrics: ['ctc'] });
  return made;
}

const identity = tensor(
  [batch, time, batch * time],
  Array.from({ length: (batch * time) ** 2 }, (_, i) => Number(i % (batch * time + 1) === 0)),
);

const mask: Mask = ['11111', '10101', '01110'].map((row) => Array.from(row, (step) => step === '1'));

const padded = (labels: readonly (readonly number[])[], padding: number) =>
  labels.map((row) => Array.from({ length: 3 }, (_, i) => row[i] ?? padding));

describe.each([
  ['repeats, and none at all', 0, [[1, 1], [2, 1, 2], []], {}],
  ['masks', 0, [[1, 1, 2], [2, 1], [3]], { mask }],
  ['weights by sequence', 0, [[1], [2, 2], [3, 1]], { weights: [2, 0.5, 0] }],
  ['another blank', 3, [[0, 0], [1, 0], [2]], { blank: 3 }],
] as [string, number, number[][], CtcConfig][])('with %s', (_, blank, labels, config) => {
  const classes = 4;
  const start = tensor([batch, time, classes], random.uniforms(batch * time * classes, -2, 2));
  const given = config.mask === undefined ? identity : [identity, config.mask.map((row) => row.map(Number))];
  const options = config.weights && { sampleWeight: config.weights };

  test.each([blank, -1])('loss and gradient are those of all paths, labels padded with %i', (padding) => {
    const made = model(classes, start, config.mask !== undefined, blank);
    const { value, gradient } = ctc(config, start, labels);
    const { loss } = made.trainOnBatch(given, padded(labels, padding), options);
    expect(Math.abs(loss - value)).toBeLessThan(1e-6 * value);
    const after = toTensor({ shape: start.shape, data: made.getWeights()[0].data });
    expect(relativeError([subtract(start, after)], [gradient])).toBeLessThan(2e-6);
  });

  test('the gradient is that of central differences', () => {
    const { gradient } = ctc(config, start, labels);
    const moved = (i: number, by: number): number =>
      ctc(config, { shape: start.shape, data: start.data.with(i, start.data[i] + by) }, labels).value;
    const differences = map(start, (_value, i) => (moved(i, 1e-4) - moved(i, -1e-4)) / 2e-4);
    expect(relativeError([gradient], [differences])).toBeLessThan(1e-6);
  });

  test('50 steps are those of the reference', () => {
    const made = model(classes, start, config.mask !== undefined, blank, 0.5);
    let prediction = start;
    for (let step = 0; step < 50; step++) {
      const { value, gradient } = ctc(config, prediction, labels);
      const { loss } = made.trainOnBatch(given, padded(labels, -1), options);
      expect(Math.abs(loss - value), `step ${step}`).toBeLessThan(1e-5 * (1 + value));
      prediction = subtract(prediction, scale(gradient, 0.5));
    }
    const after = toTensor({ shape: start.shape, data: made.getWeights()[0].data });
    expect(relativeError([after], [prediction])).toBeLessThan(1e-5);
  });
});

test('a long sequence is no less exact: of equal logits every path is as likely', () => {
  const [steps, classes] = [400, 5];
  const made = sequential({ layers: [layers.activation({ activation: 'linear', inputShape: [null, classes] })] });
  made.compile({ optimizer: 'sgd', loss: 'ctc' });
  const zeros = { data: new Float32Array(steps * classes), shape: [1, steps, classes] };
  // One label: it stands in a run somewhere, blanks elsewhere.
  const runs = (steps * (steps + 1)) / 2;
  const { loss } = made.evaluate(zeros, [[1, 0]]);
  expect(Math.abs(loss / (steps * Math.log(classes) - Math.log(runs)) - 1)).toBeLessThan(1e-9);
});

describe('a mistake is told', () => {
  const made = () => {
    const one = sequential({ layers: [layers.dense({ units: 3, inputShape: [null, 2] })] });
    one.compile({ optimizer: 'sgd', loss: 'ctc' });
    return one;
  };
  const x = { data: new Float32Array(8), shape: [1, 4, 2] };

  test('in labels', () => {
    const where = 'sequential: trainOnBatch: targets of "dense": expected';
    expect(() => made().trainOnBatch(x, [[1, 3]])).toThrow(`${where} class numbers from 0 to 2, or −1, got 3`);
    expect(() => made().trainOnBatch(x, [[1, 0.5]])).toThrow(`${where} class numbers from 0 to 2, or −1, got 0.5`);
    expect(() => made().trainOnBatch(x, [[1, 0, 2]])).toThrow(
      'the blank, 0, or −1 behind the labels alone, got 0 before 2',
    );
    expect(() => made().trainOnBatch(x, [[1, 1, 1]])).toThrow(
      'targets of "dense": sample 0: expected labels that fit into 4 steps, got 5',
    );
  });

  test('in the model and in options', () => {
    const flat = sequential({ layers: [layers.dense({ units: 3, inputShape: [2] })] });
    expect(() => flat.compile({ optimizer: 'sgd', loss: 'ctc' })).toThrow('expected an output of sequences');
    const blank = losses.ctc({ blankIndex: 3 });
    expect(() => made().compile({ optimizer: 'sgd', loss: blank })).toThrow('blankIndex: expected a class from 0 to 2');
    expect(() => made().compile({ optimizer: 'sgd', loss: 'ctc', metrics: ['mse'] })).toThrow(
      'expected metrics of labels, as its loss takes, got mse',
    );
  });
});
