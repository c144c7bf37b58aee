/** An activation as a layer's option is the Activation layer behind it: outputs, gradients and streams, to the bit. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, type ActivationName, type Layer, type TrainableModel } from '../../src/index.js';
import { createRandom } from '../random.js';
import { activationNames, inputActivationNames } from '../reference/activations.js';
import { sizeOf } from '../reference/tensor.js';

const random = createRandom(3);
const draw = (...shape: number[]) => ({ data: Float32Array.from(random.normals(sizeOf(shape))), shape });

/** 0 and −0 are one: one way adds gradients to 0, the other does not. */
const values = ({ data }: { readonly data: Float32Array }): number[] => Array.from(data, (value) => value + 0);

const steps = [2, 7, 3];
const windows = { kernelSize: 2, padding: 'causal' } as const;

type WithActivation = (options: { activation: ActivationName }) => Layer;

const makers: readonly [name: string, shape: readonly number[], make: WithActivation][] = [
  ['dense of a vector', [3, 5], (options) => layers.dense({ units: 6, ...options })],
  ['dense', steps, (options) => layers.dense({ units: 6, ...options })],
  ['dense over an inner axis', [2, 3, 4, 5], (options) => layers.dense({ units: 6, ...options })],
  ['conv1d', steps, (options) => layers.conv1d({ filters: 5, ...windows, ...options })],
  ['conv1d with strides', steps, (options) => layers.conv1d({ filters: 5, ...windows, strides: 2, ...options })],
  ['depthwiseConv1d', steps, (options) => layers.depthwiseConv1d({ depthMultiplier: 2, ...windows, ...options })],
  ['separableConv1d', steps, (options) => layers.separableConv1d({ filters: 5, ...windows, ...options })],
  [
    'conv1dTranspose',
    steps,
    (options) => layers.conv1dTranspose({ filters: 5, kernelSize: 3, strides: 2, ...options }),
  ],
  [
    'timeDistributed',
    [2, 3, 4, 5],
    (options) => layers.timeDistributed({ layer: layers.conv1d({ filters: 3, kernelSize: 2, ...options }) }),
  ],
];

const names: readonly ActivationName[] = [...activationNames, ...inputActivationNames];

describe.each(makers)('%s', (_name, shape, make) => {
  /** The layer with this activation; or, behind it, another one with it. */
  function modelOf(ofLayer: ActivationName, behind?: ActivationName): TrainableModel {
    const [, ...axes] = shape;
    const x = input({ shape: axes.length > 1 ? [null, ...axes.slice(1)] : axes });
    const y = make({ activation: ofLayer }).call(x).outputs[0];
    const last = behind && layers.activation({ activation: behind });
    return functional({ inputs: x, outputs: last?.apply(y) ?? y });
  }

  test.each(names)('%s', (name) => {
    const [one, two] = [modelOf(name), modelOf('linear', name)];
    one.setWeights(one.getWeights().map((weight) => draw(...weight.shape)));
    two.setWeights(one.getWeights());
    const x = draw(...shape);
    const y = one.predict(x);
    expect(two.predict(x).data).toEqual(y.data);
    const cotangent = draw(...y.shape);
    const [ours, theirs] = [one, two].map((model) => model.gradients([x], [cotangent]));
    expect(ours.inputs.map(values)).toEqual(theirs.inputs.map(values));
    expect(ours.weights.map(values)).toEqual(theirs.weights.map(values));
    if (shape.length < 3) return;
    const [mine, others] = [one, two].map((model) => model.stream({ batch: shape[0] }).push(x));
    expect(mine.data).toEqual(others.data);
  });
});
