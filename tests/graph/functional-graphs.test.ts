/** Six hand-written graphs against the float64 reference: forward, backward, and a step of training on some outputs. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, optimizers, type SymbolicTensor, type TrainableModel } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { conv1d } from '../reference/conv1d.js';
import { dense } from '../reference/dense.js';
import { gru } from '../reference/gru.js';
import { loss } from '../reference/losses.js';
import { lstm } from '../reference/lstm.js';
import { add, addAll, toTensor, zerosLike, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(77);
const draw = (...shape: number[]): Tensor => ({
  shape,
  data: Float64Array.from(random.normals(shape.reduce((a, b) => a * b, 1))),
});
const plain = ({ data, shape }: Tensor) => ({ data, shape });

/** Weights of a model, drawn anew, as the reference takes them. */
function drawWeights(model: TrainableModel): Tensors {
  const weights = model.getWeights().map(({ shape }) => {
    const { data } = draw(...shape);
    return { shape: [...shape], data: data.map((value) => Math.fround(0.4 * value)) };
  });
  model.setWeights(weights);
  return weights;
}

interface Expected {
  readonly outputs: Tensors;
  readonly inputs: Tensors;
  readonly weights: Tensors;
}

function agree(model: TrainableModel, x: Tensors, cotangents: Tensors, expected: Expected): void {
  const close = (ours: readonly { data: Float32Array }[], theirs: Tensors, limit: number): void => {
    expect(ours.length).toBe(theirs.length);
    const tensors = ours.map(({ data }, i) => ({ shape: theirs[i].shape, data: Float64Array.from(data) }));
    expect(relativeError(tensors, theirs)).toBeLessThan(limit);
  };
  close(model.predictAll(x.map(plain)), expected.outputs, 1e-5);
  const gradients = model.gradients(x.map(plain), cotangents.map(plain));
  close(gradients.inputs, expected.inputs, 1e-4);
  close(gradients.weights, expected.weights, 1e-4);
}

/** Plain SGD with a learning rate of 1: the weights move by their gradients. */
const gradientStep = optimizers.sgd({ learningRate: 1 });

function expectStep(model: TrainableModel, x: Tensors, targets: Tensors, value: number, gradients: Tensors): void {
  const before = model.getWeights().map(toTensor);
  const result = model.trainOnBatch(x.map(plain), targets.map(plain));
  expect(Math.abs(result.loss - value)).toBeLessThan(1e-5 * value + 1e-6);
  const moved = model.getWeights().map(({ data }, i) => ({
    shape: before[i].shape,
    data: before[i].data.map((weight, at) => weight - data[at]),
  }));
  expect(relativeError(moved, gradients, 1e-2)).toBeLessThan(1e-4);
}

describe('graphs', () => {
  test('a shared layer: two inputs through one LSTM', () => {
    const [a, b] = [input({ shape: [null, 3] }), input({ shape: [null, 3] })];
    const shared = layers.lstm({ units: 5 });
    const model = functional({ inputs: [a, b], outputs: [shared.apply(a), shared.apply(b)] });
    const weights = drawWeights(model);
    const [xa, xb, da, db] = [draw(2, 6, 3), draw(2, 4, 3), draw(2, 5), draw(2, 5)];
    const [pa, pb] = [lstm({ units: 5 }, weights, [xa]), lstm({ units: 5 }, weights, [xb])];
    const [ga, gb] = [pa.backward([da]), pb.backward([db])];
    agree(model, [xa, xb], [da, db], {
      outputs: [pa.outputs[0], pb.outputs[0]],
      inputs: [ga.inputs[0], gb.inputs[0]],
      weights: addAll(ga.weights, gb.weights),
    });
  });

  test('two inputs: a vector, through one Dense, is both states that an LSTM over the sequence starts from', () => {
    const [sequence, vector] = [input({ shape: [null, 3] }), input({ shape: [2] })];
    const start = layers.dense({ units: 4, activation: 'tanh' }).apply(vector);
    const outputs = layers.lstm({ units: 4, returnSequences: true }).apply(sequence, { initialState: [start, start] });
    const model = functional({ inputs: [sequence, vector], outputs });
    const weights = drawWeights(model);
    const [xs, xv, dy] = [draw(3, 5, 3), draw(3, 2), draw(3, 5, 4)];
    const d = dense({ units: 4, activation: 'tanh' }, weights.slice(0, 2), [xv]);
    const [state] = d.outputs;
    const l = lstm({ units: 4, returnSequences: true }, weights.slice(2), [xs, state, state]);
    const gl = l.backward([dy]);
    const [dx, dh, dc] = gl.inputs;
    const gd = d.backward([add(dh, dc)]);
    agree(model, [xs, xv], [dy], {
      outputs: [l.outputs[0]],
      inputs: [dx, gd.inputs[0]],
      weights: [...gd.weights, ...gl.weights],
    });
  });

  test('two outputs from one layer: a fan-out adds the gradients', () => {
    const x = input({ shape: [null, 2] });
    const h = layers.gru({ units: 6, returnSequences: true }).apply(x);
    const outputs = [layers.dense({ units: 3 }).apply(h), layers.lstm({ units: 4 }).apply(h)];
    const model = functional({ inputs: x, outputs });
    const weights = drawWeights(model);
    const names = model.layers.flatMap((layer) => layer.weights.specs.map(() => layer.name));
    const of = (name: string): Tensors => weights.filter((_, i) => names[i] === name);
    const [given, dy1, dy2] = [draw(3, 5, 2), draw(3, 5, 3), draw(3, 4)];
    const g = gru({ units: 6, returnSequences: true }, of('gru'), [given]);
    const d = dense({ units: 3 }, of('dense'), [g.outputs[0]]);
    const l = lstm({ units: 4 }, of('lstm'), [g.outputs[0]]);
    const [gd, gl] = [d.backward([dy1]), l.backward([dy2])];
    const gg = g.backward([add(gd.inputs[0], gl.inputs[0])]);
    const byName: Record<string, Tensors> = { gru: gg.weights, dense: gd.weights, lstm: gl.weights };
    agree(model, [given], [dy1, dy2], {
      outputs: [d.outputs[0], l.outputs[0]],
      inputs: [gg.inputs[0]],
      weights: [...new Set(names)].flatMap((name) => byName[name ?? '']),
    });
  });

  /** An encoder whose states start a decoder. */
  function translation() {
    const [source, target] = [input({ shape: [null, 3] }), input({ shape: [null, 2] })];
    const encoder = layers.lstm({ units: 5, returnState: true });
    const decoder = layers.lstm({ units: 5, returnSequences: true, returnState: true });
    const head = layers.dense({ units: 4, activation: 'softmax' });
    const [, h, c] = encoder.apply(source);
    const [decoded] = decoder.apply(target, { initialState: [h, c] });
    const model = functional({ inputs: [source, target], outputs: head.apply(decoded) });
    return { model, source, states: [h, c], decoder, head };
  }

  test('states handed from an encoder to a decoder, of different lengths', () => {
    const { model } = translation();
    const weights = drawWeights(model);
    const [xs, xt, dy] = [draw(2, 6, 3), draw(2, 4, 2), draw(2, 4, 4)];
    const e = lstm({ units: 5 }, weights.slice(0, 3), [xs]);
    const d = lstm({ units: 5, returnSequences: true }, weights.slice(3, 6), [xt, e.outputs[1], e.outputs[2]]);
    const o = dense({ units: 4, activation: 'softmax' }, weights.slice(6), [d.outputs[0]]);
    const go = o.backward([dy]);
    const gd = d.backward([go.inputs[0]]);
    const [, dh, dc] = gd.inputs;
    const ge = e.backward([undefined, dh, dc]);
    agree(model, [xs, xt], [dy], {
      outputs: [o.outputs[0]],
      inputs: [ge.inputs[0], gd.inputs[0]],
      weights: [...ge.weights, ...gd.weights, ...go.weights],
    });
  });

  test('sub-models over built layers share weights and workspace, and stream from fixed states', () => {
    const { model, source, states, decoder, head } = translation();
    const weights = drawWeights(model);
    const encoder = functional({ inputs: source, outputs: states });
    const target = input({ shape: [null, 2] });
    const given: SymbolicTensor[] = [input({ shape: [5], name: 'h' }), input({ shape: [5], name: 'c' })];
    const [decoded] = decoder.apply(target, { initialState: given });
    const stepper = functional({ inputs: [target, ...given], outputs: head.apply(decoded) });
    expect(stepper.workspace).toBe(model.workspace);

    const [xs, xt, dh, dc, dy] = [draw(1, 6, 3), draw(1, 4, 2), draw(1, 5), draw(1, 5), draw(1, 4, 4)];
    const e = lstm({ units: 5 }, weights.slice(0, 3), [xs]);
    const [, eh, ec] = e.outputs;
    const ge = e.backward([undefined, dh, dc]);
    agree(encoder, [xs], [dh, dc], { outputs: [eh, ec], inputs: [ge.inputs[0]], weights: ge.weights });
    const d = lstm({ units: 5, returnSequences: true }, weights.slice(3, 6), [xt, eh, ec]);
    const o = dense({ units: 4, activation: 'softmax' }, weights.slice(6), [d.outputs[0]]);
    const go = o.backward([dy]);
    const gd = d.backward([go.inputs[0]]);
    agree(stepper, [xt, eh, ec], [dy], {
      outputs: [o.outputs[0]],
      inputs: gd.inputs,
      weights: [...gd.weights, ...go.weights],
    });

    const whole = model.predict([xs, xt].map(plain));
    const [h, c] = encoder.predictAll(plain(xs));
    expect(stepper.predict([plain(xt), h, c]).data).toEqual(whole.data);
    const session = stepper.stream({ fixed: { h, c } });
    const stepped = [0, 1, 2, 3].flatMap((t) => [...session.push(Array.from(xt.data.slice(2 * t, 2 * t + 2))).data]);
    expect(stepped).toEqual([...whole.data]);
    session.reset();
    expect([...session.push(Array.from(xt.data.slice(0, 2))).data]).toEqual(stepped.slice(0, 4));
  });

  test('a stack of dilated convolutions with an output at every depth', () => {
    const x = input({ shape: [null, 3] });
    const conv = (dilationRate: number) =>
      layers.conv1d({ filters: 5, kernelSize: 2, dilationRate, padding: 'causal', activation: 'tanh' });
    const first = conv(1).apply(x);
    const second = conv(4).apply(first);
    const model = functional({ inputs: x, outputs: [first, second] });
    const weights = drawWeights(model);
    const config = (dilationRate: number) =>
      ({ filters: 5, kernelSize: 2, dilationRate, padding: 'causal', activation: 'tanh' }) as const;
    const [given, d1, d2] = [draw(2, 9, 3), draw(2, 9, 5), draw(2, 9, 5)];
    const p1 = conv1d(config(1), weights.slice(0, 2), [given]);
    const p2 = conv1d(config(4), weights.slice(2), [p1.outputs[0]]);
    const g2 = p2.backward([d2]);
    const g1 = p1.backward([add(d1, g2.inputs[0])]);
    agree(model, [given], [d1, d2], {
      outputs: [p1.outputs[0], p2.outputs[0]],
      inputs: [g1.inputs[0]],
      weights: [...g1.weights, ...g2.weights],
    });

    model.compile({ optimizer: gradientStep, loss: ['mse', 'mae'] });
    const targets = [draw(2, 9, 5), draw(2, 9, 5)];
    const squared = loss('meanSquaredError', p1.outputs[0], targets[0]);
    const absolute = loss('meanAbsoluteError', p2.outputs[0], targets[1]);
    const t2 = p2.backward([absolute.gradient]);
    const t1 = p1.backward([add(squared.gradient, t2.inputs[0])]);
    expectStep(model, [given], targets, squared.value + absolute.value, [...t1.weights, ...t2.weights]);
  });

  test('only outputs with a loss train: the other head has no gradient, and adds none to what they share', () => {
    const x = input({ shape: [null, 2] });
    const h = layers.lstm({ units: 4 }).apply(x);
    const [used, unused] = [layers.dense({ units: 1, name: 'used' }), layers.dense({ units: 3, name: 'unused' })];
    const model = functional({ inputs: x, outputs: [unused.apply(h), used.apply(h)] });
    const weights = drawWeights(model);
    expect(model.layers.map(({ name }) => name).slice(-2)).toEqual(['unused', 'used']);
    model.compile({ optimizer: gradientStep, loss: { used: 'mse' } });
    const [given, target] = [draw(3, 5, 2), draw(3, 1)];
    const l = lstm({ units: 4 }, weights.slice(0, 3), [given]);
    const u = dense({ units: 1 }, weights.slice(5), [l.outputs[0]]);
    const { value, gradient } = loss('meanSquaredError', u.outputs[0], target);
    const gu = u.backward([gradient]);
    const gl = l.backward([gu.inputs[0]]);
    const none = weights.slice(3, 5).map(zerosLike);
    expectStep(model, [given], [target], value, [...gl.weights, ...none, ...gu.weights]);
    expect(unused.weights.get()).toEqual(weights.slice(3, 5).map(({ data }) => Float32Array.from(data)));
  });
});
