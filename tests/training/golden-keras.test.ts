/** Optimizers and schedules against what Keras 3 itself computed: tests/golden/optimizers. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { layers, optimizers, schedules, sequential, type Optimizer, type Schedule } from '../../src/index.js';
import { GivenGradients, type Weights } from './given-gradients.js';

interface Golden {
  readonly start: Weights;
  readonly gradients: readonly Weights[];
  readonly optimizers: Readonly<Record<string, { readonly final: Weights; readonly averaged?: Weights }>>;
  readonly schedules: Readonly<Record<string, readonly number[]>>;
}

const golden = JSON.parse(readFileSync(new URL('../golden/optimizers/keras.json', import.meta.url), 'utf8')) as Golden;

const warm = schedules.cosineDecay({
  initialLearningRate: 0.001,
  decaySteps: 10,
  alpha: 0.1,
  warmupTarget: 0.1,
  warmupSteps: 3,
});
const halving = schedules.exponentialDecay({ initialLearningRate: 0.05, decaySteps: 4, decayRate: 0.5 });
const epsilonHat = true;

const ofOptimizers: Record<string, Optimizer> = {
  sgd: optimizers.sgd(),
  'sgd-nesterov-decay': optimizers.sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  'adam-amsgrad': optimizers.adam({ learningRate: 0.01, amsgrad: true, epsilonHat }),
  adamw: optimizers.adamw({ learningRate: 0.01, epsilonHat }),
  'adamw-without-bias': optimizers.adamw({
    learningRate: 0.1,
    weightDecay: 0.1,
    excludeFromWeightDecay: ['bias'],
    epsilonHat,
  }),
  nadam: optimizers.nadam({ learningRate: 0.01 }),
  adamax: optimizers.adamax({ learningRate: 0.01 }),
  adadelta: optimizers.adadelta({ learningRate: 1 }),
  adagrad: optimizers.adagrad({ learningRate: 0.1 }),
  'rmsprop-centered': optimizers.rmsprop({ learningRate: 0.01, momentum: 0.5, centered: true, epsilon: 0.01 }),
  lion: optimizers.lion({ learningRate: 0.01, weightDecay: 0.1 }),
  'adam-cosine': optimizers.adam({ learningRate: warm, epsilonHat }),
  'adam-global-norm': optimizers.adam({ learningRate: 0.01, globalClipNorm: 1, epsilonHat }),
  'sgd-norm': optimizers.sgd({ learningRate: 0.1, momentum: 0.5, clipNorm: 0.5 }),
  'adam-accumulated': optimizers.adam({ learningRate: halving, gradientAccumulationSteps: 3, epsilonHat }),
  'sgd-ema': optimizers.sgd({ learningRate: 0.1, useEma: true, emaMomentum: 0.8 }),
  'adam-ema-overwrite': optimizers.adam({
    learningRate: 0.05,
    useEma: true,
    emaMomentum: 0.8,
    emaOverwriteFrequency: 3,
    epsilonHat,
  }),
};

test('every golden case is compared', () => {
  expect(Object.keys(ofOptimizers).sort()).toEqual(Object.keys(golden.optimizers).sort());
  expect(Object.keys(ofSchedules).sort()).toEqual(Object.keys(golden.schedules).sort());
});

function expectClose(ours: Weights, theirs: Weights): void {
  for (const name of ['kernel', 'bias'] as const) {
    ours[name].forEach((value, i) => {
      expect(Math.abs(value - theirs[name][i]), `${name}[${i}]`).toBeLessThan(1e-5 * (1 + Math.abs(theirs[name][i])));
    });
  }
}

test.each(Object.entries(ofOptimizers))('%s: twelve steps', (name, optimizer) => {
  const given = new GivenGradients(golden.start, { optimizer });
  for (const gradients of golden.gradients) given.step(gradients);
  const { final, averaged } = golden.optimizers[name];
  expectClose(given.weights, final);
  if (averaged === undefined) return;
  given.model.finalizeWeights();
  expectClose(given.weights, averaged);
});

const from = { initialLearningRate: 0.1 };
const ofSchedules: Record<string, Schedule> = {
  piecewiseConstant: schedules.piecewiseConstant({ boundaries: [5, 9], values: [1, 0.5, 0.1] }),
  exponentialDecay: schedules.exponentialDecay({ ...from, decaySteps: 10, decayRate: 0.96 }),
  'exponentialDecay-staircase': schedules.exponentialDecay({
    ...from,
    decaySteps: 4,
    decayRate: 0.5,
    staircase: true,
  }),
  inverseTimeDecay: schedules.inverseTimeDecay({ ...from, decaySteps: 10, decayRate: 0.5 }),
  'inverseTimeDecay-staircase': schedules.inverseTimeDecay({
    ...from,
    decaySteps: 4,
    decayRate: 0.5,
    staircase: true,
  }),
  polynomialDecay: schedules.polynomialDecay({ ...from, decaySteps: 10, endLearningRate: 0.01, power: 0.5 }),
  'polynomialDecay-cycle': schedules.polynomialDecay({
    ...from,
    decaySteps: 5,
    endLearningRate: 0.01,
    power: 2,
    cycle: true,
  }),
  cosineDecay: schedules.cosineDecay({ ...from, decaySteps: 15, alpha: 0.05 }),
  'cosineDecay-warmup': schedules.cosineDecay({
    initialLearningRate: 0,
    decaySteps: 10,
    warmupTarget: 0.1,
    warmupSteps: 5,
  }),
  cosineDecayRestarts: schedules.cosineDecayRestarts({ ...from, firstDecaySteps: 4, mMul: 0.9, alpha: 0.1 }),
  'cosineDecayRestarts-equal': schedules.cosineDecayRestarts({ ...from, firstDecaySteps: 6, tMul: 1, mMul: 0.8 }),
};

test.each(Object.entries(ofSchedules))('%s: 25 steps', (name, learningRate) => {
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse' });
  golden.schedules[name].forEach((rate, step) => {
    expect(Math.abs(model.learningRate - rate), `step ${step}`).toBeLessThan(2e-6 * rate + 1e-8);
    model.trainOnBatch([[0]], [[0]]);
  });
});
