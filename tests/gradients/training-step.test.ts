/**
 * One step of training against the reference: what `model.gradients` does not show, because it runs without losses, their
 * masks, and dropout. Plain SGD with a learning rate of 1 moves the weights by their gradients.
 */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, optimizers, sequential, type TrainableModel } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { chain, type Link } from '../reference/chain.js';
import { dense } from '../reference/dense.js';
import { dropout } from '../reference/dropout.js';
import { gru } from '../reference/gru.js';
import { loss, type LossName } from '../reference/losses.js';
import { lstm } from '../reference/lstm.js';
import { masking } from '../reference/masking.js';
import { simpleRnn } from '../reference/simple-rnn.js';
import { add, sizeOf, tensor, toTensor, type Mask, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(11);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const gradientStep = optimizers.sgd({ learningRate: 1 });

function drawWeights(model: TrainableModel): Tensors {
  const weights = model.getWeights().map(({ shape }) => draw(...shape));
  model.setWeights(weights);
  return weights;
}

interface Step {
  readonly value: number;
  readonly gradients: Tensors;
}

function expectSameStep(ours: Step, theirs: Step): void {
  expect(Math.abs(ours.value - theirs.value)).toBeLessThan(1e-5 * theirs.value + 1e-6);
  expect(relativeError(ours.gradients, theirs.gradients, 1e-2)).toBeLessThan(1e-4);
}

/** One step of a model that was compiled with `gradientStep`. */
function stepOf(model: TrainableModel, x: Tensors, ...targets: Tensors): Step {
  const before = model.getWeights().map(toTensor);
  const { loss: value } = model.trainOnBatch(x, targets);
  const gradients = model.getWeights().map(({ data }, i) => ({
    shape: before[i].shape,
    data: before[i].data.map((weight, at) => weight - data[at]),
  }));
  return { value, gradients };
}

/** The same step of the reference: a chain of layers, and the loss over what the last layer's mask leaves. */
function referenceStep(links: Link[], weights: Tensors, x: Tensor, target: Tensor, name: LossName, mask?: Mask): Step {
  const pass = chain(links, weights, x);
  const { value, gradient } = loss(name, pass.outputs[0], target, mask);
  return { value, gradients: pass.backward([gradient]).weights };
}

describe('a masked step counts neither in the loss nor in the gradients', () => {
  const mask = ['11100', '01011', '00000', '11111'].map((row) => Array.from(row, (step) => step === '1'));
  const [x, target] = [draw(4, 5, 3), draw(4, 5, 2)];
  const isMasked = (value: number): boolean => mask[Math.floor(value / 15)][Math.floor(value / 3) % 5];
  const withZeros = { shape: x.shape, data: x.data.map((value, i) => (isMasked(i) ? value : 0)) };

  test.each(['meanSquaredError', 'meanAbsoluteError'] as const)('from a Masking layer on, %s', (name) => {
    const model = sequential({
      layers: [
        layers.masking({ inputShape: [null, 3] }),
        layers.gru({ units: 5, returnSequences: true }),
        layers.timeDistributed({ layer: layers.dense({ units: 2, activation: 'tanh' }) }),
      ],
    });
    const weights = drawWeights(model);
    model.compile({ optimizer: gradientStep, loss: name });
    const links: Link[] = [
      { weights: 0, forward: (own, given) => masking({}, own, [given]) },
      { weights: 3, forward: (own, given, m) => gru({ units: 5, returnSequences: true }, own, [given], m) },
      { weights: 2, forward: (own, given) => dense({ units: 2, activation: 'tanh' }, own, [given]) },
    ];
    const theirs = referenceStep(links, weights, withZeros, target, name, mask);
    expectSameStep(stepOf(model, [withZeros], target), theirs);
  });

  test('read backwards, the mask goes on as it came, as in Keras', () => {
    const given = input({ shape: [null, 3] });
    const given01 = input({ shape: [null], dtype: 'bool' });
    const options = { units: 4, returnSequences: true, goBackwards: true } as const;
    const back = layers.simpleRNN(options).apply(given, { mask: given01 });
    const outputs = layers.lstm({ units: 2, returnSequences: true }).apply(back);
    const model = functional({ inputs: [given, given01], outputs });
    const weights = drawWeights(model);
    model.compile({ optimizer: gradientStep, loss: 'mse' });
    const links: Link[] = [
      { weights: 3, forward: (own, seen) => simpleRnn(options, own, [seen], mask) },
      { weights: 3, forward: (own, seen, m) => lstm({ units: 2, returnSequences: true }, own, [seen], m) },
    ];
    const theirs = referenceStep(links, weights, x, target, 'meanSquaredError', mask);
    const asNumbers = tensor([4, 5], mask.flat().map(Number));
    expectSameStep(stepOf(model, [x, asNumbers], target), theirs);
  });
});

describe('what dropout drops forwards gets no gradient', () => {
  /**
   * Which values a layer called `dropout` keeps in each of its first steps, read from the loss of a model of nothing else:
   * the squares of its inputs are powers of four, so the float64 sum of those kept says which they are.
   */
  function keptIn(steps: number, shape: readonly number[], rate: number): Tensor[] {
    const size = sizeOf(shape);
    const inputShape = [...shape.slice(1, -1).map(() => null), shape[shape.length - 1]];
    const model = sequential({ layers: [layers.dropout({ rate, inputShape })] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const powers = tensor(
      shape,
      Array.from({ length: size }, (_, i) => 2 ** i),
    );
    const zeros = tensor(shape, new Float64Array(size));
    return Array.from({ length: steps }, () => {
      const sum = BigInt(Math.round(model.trainOnBatch(powers, zeros).loss * size * (1 - rate) ** 2));
      return tensor(
        shape,
        Array.from({ length: size }, (_, i) => Number((sum >> BigInt(2 * i)) & 1n)),
      );
    });
  }

  test('the counts are what the rate says, and differ from step to step', () => {
    const kept = keptIn(100, [2, 4, 3], 0.75);
    const share = kept.reduce((sum, { data }) => sum + data.reduce((a, b) => a + b, 0), 0) / 2400;
    expect(share).toBeGreaterThan(0.22);
    expect(share).toBeLessThan(0.28);
    expect(new Set(kept.map(({ data }) => data.join(''))).size).toBe(100);
  });

  test.each([0.5, 0.75])('between two layers, step after step, rate %f', (rate) => {
    const shape = [2, 4, 3];
    const model = sequential({
      layers: [
        layers.dense({ units: 3, activation: 'tanh', inputShape: [null, 5] }),
        layers.dropout({ rate }),
        layers.lstm({ units: 2, returnSequences: true }),
      ],
    });
    model.compile({ optimizer: gradientStep, loss: 'mse' });
    const [x, target] = [draw(2, 4, 5), draw(2, 4, 2)];
    for (const keep of keptIn(3, shape, rate)) {
      const weights = drawWeights(model);
      const links: Link[] = [
        { weights: 2, forward: (own, given) => dense({ units: 3, activation: 'tanh' }, own, [given]) },
        { weights: 0, forward: (own, given) => dropout({ rate }, own, [given], keep) },
        { weights: 3, forward: (own, given) => lstm({ units: 2, returnSequences: true }, own, [given]) },
      ];
      expectSameStep(stepOf(model, [x], target), referenceStep(links, weights, x, target, 'meanSquaredError'));
    }
  });

  test('and adds to the gradient that the same values have from elsewhere', () => {
    const x = input({ shape: [null, 5] });
    const h = layers.dense({ units: 3, activation: 'tanh' }).apply(x);
    const dropped = layers.dropout({ rate: 0.5 }).apply(h);
    const model = functional({ inputs: x, outputs: [dropped, layers.dense({ units: 2 }).apply(h)] });
    const weights = drawWeights(model);
    model.compile({ optimizer: gradientStep, loss: 'mse' });
    const [given, ...targets] = [draw(2, 4, 5), draw(2, 4, 3), draw(2, 4, 2)];

    const [keep] = keptIn(1, [2, 4, 3], 0.5);
    const first = dense({ units: 3, activation: 'tanh' }, weights.slice(0, 2), [given]);
    const second = dropout({ rate: 0.5 }, [], [first.outputs[0]], keep);
    const third = dense({ units: 2 }, weights.slice(2), [first.outputs[0]]);
    const losses = [second, third].map(({ outputs: [y] }, i) => loss('meanSquaredError', y, targets[i]));
    const [dSecond, dThird] = [second.backward([losses[0].gradient]), third.backward([losses[1].gradient])];
    const dFirst = first.backward([add(dSecond.inputs[0], dThird.inputs[0])]);
    expectSameStep(stepOf(model, [given], ...targets), {
      value: losses[0].value + losses[1].value,
      gradients: [...dFirst.weights, ...dThird.weights],
    });
  });
});

test('a stateful layer trains from the states that the batch before has left', () => {
  const options = { units: 4, returnSequences: true } as const;
  const model = sequential({ layers: [layers.lstm({ ...options, stateful: true, inputShape: [null, 3] })] });
  model.compile({ optimizer: gradientStep, loss: 'mse' });
  let states: readonly [Tensor, Tensor] = [tensor([2, 4], new Float64Array(8)), tensor([2, 4], new Float64Array(8))];
  for (let call = 0; call < 3; call++) {
    const weights = drawWeights(model);
    const [x, target] = [draw(2, 5, 3), draw(2, 5, 4)];
    const pass = lstm(options, weights, [x, ...states]);
    const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
    const gradients = pass.backward([gradient]).weights;
    expectSameStep(stepOf(model, [x], target), { value, gradients });
    const [, h, c] = pass.outputs;
    states = [h, c];
  }
});
