/**
 * Every loss against the float64 reference, over 50 steps of SGD: with and without masks and sample weights. The model is a Dense
 * layer that is given one-hot rows, so that its kernel is the prediction and moves by the loss's own gradient.
 */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, optimizers } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import type { Weighting } from '../reference/loss-reduction.js';
import { map, scale, sizeOf, subtract, tensor, toTensor, type Mask, type Tensor } from '../reference/tensor.js';
import { lossCases, type LossCase } from './loss-cases.js';

const mask: Mask = ['1110', '0101', '0000'].map((row) => Array.from(row, (step) => step === '1'));

interface Setting {
  readonly shape: readonly number[];
  readonly mask?: Mask;
  /** By sample, or by step; a weight of 0 among them. */
  readonly sampleWeight?: readonly number[];
}

const settings: readonly [string, Setting][] = [
  ['vectors', { shape: [5, 6] }],
  ['weighted vectors', { shape: [5, 6], sampleWeight: [1, 0.5, 2, 0, 3] }],
  ['sequences', { shape: [3, 4, 6] }],
  ['masked sequences', { shape: [3, 4, 6], mask }],
  ['masked sequences, weighted by sample', { shape: [3, 4, 6], mask, sampleWeight: [2, 0.25, 1] }],
  [
    'masked sequences, weighted by step',
    { shape: [3, 4, 6], mask, sampleWeight: Array.from({ length: 12 }, (_, i) => (i % 5) / 2) },
  ],
];

const steps = 50;

/** Losses of the steps, and what the prediction is in the end. */
function trainReference(one: LossCase, start: Tensor, target: Tensor, weighting: Weighting) {
  let prediction = start;
  const values = Array.from({ length: steps }, () => {
    const { value, gradient } = one.reference(prediction, target, weighting);
    prediction = subtract(prediction, scale(gradient, one.learningRate ?? 0.1));
    return value;
  });
  return { values, prediction };
}

function trainLibrary(one: LossCase, start: Tensor, target: Tensor, setting: Setting) {
  const features = start.shape[start.shape.length - 1];
  const leading = start.shape.slice(0, -1);
  const rows = sizeOf(leading);
  const x = input({ shape: [...leading.slice(1).map(() => null), rows] });
  const masks = setting.mask === undefined ? [] : [input({ shape: [null], dtype: 'bool' })];
  const dense = layers.dense({ units: features, useBias: false });
  const outputs = dense.apply(x, masks.length === 0 ? {} : { mask: masks[0] });
  const model = functional({ inputs: [x, ...masks], outputs });
  model.setWeights([tensor([rows, features], start.data)]);
  const { loss, learningRate = 0.1 } = one;
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss, metrics: [loss], weightedMetrics: [] });
  const identity = Array.from({ length: rows ** 2 }, (_, i) => Number(i % (rows + 1) === 0));
  const ofMask = setting.mask === undefined ? [] : [setting.mask.map((row) => row.map(Number))];
  const given = [tensor([...leading, rows], identity), ...ofMask];
  const weights = setting.sampleWeight;
  const isByStep = weights !== undefined && weights.length !== leading[0];
  const options = weights && { sampleWeight: { data: weights, shape: isByStep ? leading : leading.slice(0, 1) } };
  const logs = Array.from({ length: steps }, () => model.trainOnBatch(given, target, options));
  const [{ data }] = model.getWeights();
  return { logs, prediction: toTensor({ shape: start.shape, data }) };
}

/** The targets, and where a mask is 0 what must not be looked at. */
function spoiled(target: Tensor, rows: number, { mask: given }: Setting, nothing = NaN): Tensor {
  if (given === undefined) return target;
  const counts = given.flat();
  const length = target.data.length / rows;
  return map(target, (value, i) => (counts[Math.floor(i / length)] ? value : nothing));
}

describe.each(lossCases.map((one) => [JSON.stringify(one.loss), one] as const))('%s', (_, one) => {
  test.each(settings)('of %s takes the steps of the reference', (_name, setting) => {
    const random = createRandom(9);
    const [start, target] = [one.prediction(random, setting.shape), one.target(random, setting.shape)];
    const weighting: Weighting = {
      mask: setting.mask,
      sampleWeight: setting.sampleWeight && tensor([setting.sampleWeight.length], setting.sampleWeight),
    };
    const theirs = trainReference(one, start, target, weighting);
    const rows = sizeOf(setting.shape.slice(0, -1));
    const ours = trainLibrary(one, start, spoiled(target, rows, setting, one.nothing), setting);
    ours.logs.forEach(({ loss }, i) => {
      expect(Math.abs(loss - theirs.values[i]), `loss of step ${i + 1}`).toBeLessThan(1e-5 * (1 + Math.abs(loss)));
    });
    expect(relativeError([ours.prediction], [theirs.prediction])).toBeLessThan(2e-5);
    expect(relativeError([theirs.prediction], [start])).toBeGreaterThan(1e-3);
  });

  test.each(settings)('of %s has the gradient of central differences', (_name, setting) => {
    const random = createRandom(8);
    const [x, y] = [one.prediction(random, setting.shape), one.target(random, setting.shape)];
    const weighting: Weighting = {
      mask: setting.mask,
      sampleWeight: setting.sampleWeight && tensor([setting.sampleWeight.length], setting.sampleWeight),
    };
    const { gradient } = one.reference(x, y, weighting);
    const moved = (i: number, by: number): number =>
      one.reference({ shape: x.shape, data: x.data.with(i, x.data[i] + by) }, y, weighting).value;
    const differences = map(x, (_value, i) => (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5);
    expect(relativeError([gradient], [differences])).toBeLessThan(1e-6);
  });
});
