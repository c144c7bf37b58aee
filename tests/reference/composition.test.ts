/**
 * Graphs by plain code: layers composed as tests compose them, against central differences of the whole.
 */
import { expect, test } from 'vitest';
import { createRandom } from '../random.js';
import { centralDifferences, relativeError } from './central-differences.js';
import { chain } from './chain.js';
import { conv1d } from './conv1d.js';
import { dense } from './dense.js';
import { gru } from './gru.js';
import { masking } from './masking.js';
import type { AnyPass } from './pass.js';
import { add, addAll, sizeOf, tensor, zerosLike, type Tensor, type Tensors } from './tensor.js';
import { timeDistributed } from './time-distributed.js';

const random = createRandom(3);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));

function errorOf(forward: (weights: Tensors, inputs: Tensors) => AnyPass, weights: Tensors, inputs: Tensors): number {
  const pass = forward(weights, inputs);
  const [first, ...others] = pass.outputs.map(({ shape }) => draw(...shape));
  const ours = pass.backward([first, ...others]);
  const theirs = centralDifferences(forward, weights, inputs, [first, ...others]);
  return relativeError([...ours.weights, ...ours.inputs], [...theirs.weights, ...theirs.inputs]);
}

test('a state handed over, a shared layer and a residual connection', () => {
  const units = 3;
  // encoder → state → decoder; one Dense on the decoder's sequence and on the target; a convolution and its input.
  const forward = (weights: Tensors, [source, target]: Tensors): AnyPass => {
    const [encoderWeights, decoderWeights] = [weights.slice(0, 3), weights.slice(3, 6)];
    const [sharedWeights, convWeights] = [weights.slice(6, 8), weights.slice(8)];

    const encoder = gru({ units }, encoderWeights, [source]);
    const decoder = gru({ units, returnSequences: true }, decoderWeights, [target, encoder.outputs[1]]);
    const one = dense({ units, activation: 'tanh' }, sharedWeights, [decoder.outputs[0]]);
    const two = dense({ units, activation: 'tanh' }, sharedWeights, [target]);
    const merged = add(one.outputs[0], two.outputs[0]);
    const conv = conv1d({ filters: units, kernelSize: 2, padding: 'causal' }, convWeights, [merged]);
    return {
      outputs: [add(merged, conv.outputs[0])],
      backward([dy = zerosLike(merged)]) {
        const dConv = conv.backward([dy]);
        const dMerged = add(dy, dConv.inputs[0]);
        const dOne = one.backward([dMerged]);
        const dTwo = two.backward([dMerged]);
        const dDecoder = decoder.backward([dOne.inputs[0]]);
        const [dTarget, dState] = dDecoder.inputs;
        const dEncoder = encoder.backward([undefined, dState]);
        return {
          inputs: [dEncoder.inputs[0], add(dTarget, dTwo.inputs[0])],
          weights: [...dEncoder.weights, ...dDecoder.weights, ...addAll(dOne.weights, dTwo.weights), ...dConv.weights],
        };
      },
    };
  };
  const gruWeights = (): Tensors => [draw(units, 3 * units), draw(units, 3 * units), draw(2, 3 * units)];
  const weights = [
    ...gruWeights(),
    ...gruWeights(),
    draw(units, units),
    draw(units),
    draw(2, units, units),
    draw(units),
  ];
  expect(errorOf(forward, weights, [draw(2, 5, units), draw(2, 4, units)])).toBeLessThan(1e-8);
});

test('a chain of layers hands the mask from one to the next', () => {
  const forward = (weights: Tensors, [x]: Tensors): AnyPass =>
    chain(
      [
        { weights: 0, forward: (own, input) => masking({ maskValue: 9 }, own, [input]) },
        { weights: 3, forward: (own, input, mask) => gru({ units: 2, returnSequences: true }, own, [input], mask) },
        { weights: 2, forward: (own, input) => timeDistributed({ layer: { units: 2 } }, own, [input]) },
        { weights: 3, forward: (own, input, mask) => gru({ units: 2 }, own, [input], mask) },
      ],
      weights,
      x,
    );
  const gruWeights = (): Tensors => [draw(2, 6), draw(2, 6), draw(2, 6)];
  const weights = [...gruWeights(), draw(2, 2), draw(2), ...gruWeights()];
  const x = draw(1, 4, 2);
  const short = { shape: [1, 3, 2], data: x.data.slice(0, 6) };
  x.data.fill(9, 6);
  expect(forward(weights, [x]).outputs).toEqual(forward(weights, [short]).outputs);
  expect(errorOf(forward, weights, [short])).toBeLessThan(1e-8);
});

test('TimeDistributed(Dense) is Dense on the last axis', () => {
  const weights = [draw(3, 4), draw(4)];
  const x = draw(2, 5, 3);
  const layer = { units: 4, activation: 'tanh' } as const;
  const steps = timeDistributed({ layer }, weights, [x]);
  const whole = dense(layer, weights, [x]);
  expect(steps.outputs).toEqual(whole.outputs);
  const dy = draw(2, 5, 4);
  const [ours, theirs] = [steps.backward([dy]), whole.backward([dy])];
  expect(relativeError([...ours.inputs, ...ours.weights], [...theirs.inputs, ...theirs.weights])).toBeLessThan(1e-14);
});
