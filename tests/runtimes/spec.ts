/**
 * What every runtime computes, and must compute to the same bits (docs/numerics.md): predictions, streams, training. It
 * uses the built package and ECMAScript alone, since an AudioWorklet has nothing else; the data comes from integer
 * arithmetic, for `Math.sin` may differ between engines.
 */
import { functional, input, layers, optimizers, sequential, tensor, type Tensor, type TrainableModel } from 'bucle';
import * as inference from 'bucle/inference';
import { createRandom } from '../random.js';
import { Digest, digestOf } from './digest.js';

/** What a runtime reports. */
export interface Outcome {
  /** Of all parts together. */
  readonly hash: string;
  /** The hash of each part: says where runtimes part ways. */
  readonly parts: Readonly<Record<string, string>>;
  /** How many numbers were hashed. */
  readonly count: number;
  /** Whether arithmetic turned a subnormal number to zero, as Chromium's audio thread does. */
  readonly flushesSubnormals: boolean;
}

const trainingSteps = 20;

/**
 * Computes everything.
 * @throws Error when a stream differs from the whole run, inference from training, or a changed weight changes nothing.
 */
export function compute(): Outcome {
  const whole = new Digest();
  const parts: Record<string, string> = {};
  const part = (name: string, results: Iterable<Tensor | number>): void => {
    const own = new Digest();
    for (const result of results) {
      for (const digest of [own, whole]) {
        if (typeof result === 'number') digest.addNumber(result);
        else digest.addFloats(result.data);
      }
    }
    parts[name] = own.hex;
  };

  const model = chain();
  const x = randomTensor(1, [3, 17, 3]);
  part('predict', [model.predict(x)]);
  part('stream', [streamed(model, x, [1, 3, 2, 11])]);
  part('train', train(model, x, randomTensor(2, [3, 17, 2])));
  part('predict after training', [model.predict(x)]);
  part('a state as bytes', savedState(model, x));
  part('gradients', gradients(model, x, randomTensor(3, [3, 17, 2])));
  part('inference build', [inferred(model, x)]);
  part('random weights', [predictionThatHangsOnEveryWeight(x)]);

  part('masks', maskedTraining());
  part('states handed over', handedOver());
  part('fading states', [fading()]);
  part('extreme inputs', [model.predict(extremeInputs())]);
  return { hash: whole.hex, parts, count: whole.count, flushesSubnormals: flushesSubnormals() };
}

/** Sizes around those of the kernels' tiles (4 and 8 columns), none a multiple of them. */
const chainLayers = () => [
  layers.conv1d({
    filters: 5,
    kernelSize: 3,
    dilationRate: 2,
    padding: 'causal',
    activation: 'relu',
    inputShape: [null, 3],
  }),
  layers.dropout({ rate: 0.25 }),
  layers.lstm({ units: 13, returnSequences: true }),
  layers.gru({ units: 9, returnSequences: true }),
  layers.gru({ units: 6, resetAfter: false, recurrentActivation: 'hardSigmoid', returnSequences: true }),
  layers.simpleRNN({ units: 7, returnSequences: true }),
  layers.timeDistributed({ layer: layers.dense({ units: 3, activation: 'softplus' }) }),
  layers.dense({ units: 2 }),
];

function chain(): TrainableModel {
  const model = sequential({ layers: chainLayers(), seed: 7 });
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.01, globalClipNorm: 1 }), loss: 'meanSquaredError' });
  return model;
}

function randomTensor(seed: number, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(createRandom(seed).uniforms(count, -1, 1), shape);
}

/** The first row of x, pushed in chunks of these lengths over and over. */
function streamed(model: TrainableModel, x: Tensor, chunks: readonly number[]): Tensor {
  const [, steps, features] = x.shape;
  const row = x.data.subarray(0, steps * features);
  const whole = model.predict(tensor(row, [1, steps, features]));
  const [, , width] = whole.shape;
  const result = new Float32Array(steps * width);
  const session = model.stream();
  for (let from = 0, i = 0; from < steps; i++) {
    const to = Math.min(steps, from + chunks[i % chunks.length]);
    session.push(row.subarray(from * features, to * features), result.subarray(from * width, to * width));
    from = to;
  }
  session.close();
  const stream = tensor(result, [steps, width]);
  if (digestOf(stream) !== digestOf(whole)) throw new Error('the stream differs from the whole run');
  return stream;
}

/** The bytes of a state, which another runtime must be able to go on from; here a fresh session of `bucle/inference` does. */
function savedState(model: TrainableModel, x: Tensor): number[] {
  const session = model.stream({ batch: 3 });
  session.push(x);
  const bytes = session.save();
  const fresh = inference.sequential({ layers: chainLayers() });
  fresh.setWeights(model.getWeights());
  const other = fresh.stream({ state: bytes });
  if (digestOf(other.push(x)) !== digestOf(session.push(x))) throw new Error('a resumed session goes on otherwise');
  for (const one of [session, other]) one.close();
  return [...bytes];
}

/** The losses of some training steps, then the weights. */
function* train(model: TrainableModel, x: Parameters<TrainableModel['fit']>[0], y: Tensor): Generator<Tensor | number> {
  for (let step = 0; step < trainingSteps; step++) yield model.trainOnBatch(x, y).loss;
  yield* model.getWeights();
}

function gradients(model: TrainableModel, x: Tensor, cotangent: Tensor): Tensor[] {
  const { inputs, weights } = model.gradients(x, cotangent);
  return [...inputs, ...weights];
}

/** The prediction of `bucle/inference` with the weights of a model of `bucle`. */
function inferred(model: TrainableModel, x: Tensor): Tensor {
  const other = inference.sequential({ layers: chainLayers() });
  other.setWeights(model.getWeights());
  const prediction = other.predict(x);
  if (digestOf(prediction) !== digestOf(model.predict(x))) throw new Error('inference differs from training');
  return prediction;
}

/**
 * The prediction with random weights, all of one magnitude, so that rounding does not swallow a small change of any. In
 * each weight, the largest value moves on to the next float32: the prediction's hash must change.
 */
function predictionThatHangsOnEveryWeight(x: Tensor): Tensor {
  const model = chain();
  const weights = model.getWeights().map(({ shape }, i) => randomTensor(100 + i, shape));
  const predictWith = (values: readonly Tensor[]): Tensor => {
    model.setWeights(values);
    return model.predict(x);
  };
  const prediction = predictWith(weights);
  weights.forEach(({ data, shape }, i) => {
    const changed = data.slice();
    const largest = changed.reduce((best, value, j) => (Math.abs(value) > Math.abs(changed[best]) ? j : best), 0);
    new Uint32Array(changed.buffer)[largest] += 1;
    if (digestOf(predictWith(weights.with(i, tensor(changed, shape)))) === digestOf(prediction)) {
      throw new Error(`weight ${String(i)} changed by one unit in the last place, and the hash did not`);
    }
  });
  return prediction;
}

/** Sequences of unlike lengths: the steps that are left out are −1 throughout. */
function maskedTraining(): Iterable<Tensor | number> {
  const model = sequential({
    layers: [
      layers.masking({ maskValue: -1, inputShape: [null, 2] }),
      layers.lstm({ units: 5, returnSequences: true }),
      layers.dropout({ rate: 0.5 }),
      layers.gru({ units: 10, returnSequences: true }),
      layers.simpleRNN({ units: 3, activation: 'softsign' }),
      layers.dense({ units: 4, activation: 'softmax' }),
    ],
    seed: 8,
  });
  model.compile({
    optimizer: optimizers.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    loss: 'meanAbsoluteError',
  });
  const [rows, steps, features] = [5, 9, 2];
  const { data, shape } = randomTensor(4, [rows, steps, features]);
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * steps * features;
    data.fill(-1, end - row * features, end);
  }
  return train(model, tensor(data, shape), randomTensor(5, [rows, 4]));
}

/** An encoder hands its states to a decoder: trained as one model, then run as two, the decoder step by step. */
function* handedOver(): Generator<Tensor | number> {
  const [source, target] = [input({ shape: [null, 3] }), input({ shape: [null, 2] })];
  const [, h, c] = layers.lstm({ units: 7, returnState: true }).apply(source);
  const decoder = layers.lstm({ units: 7, returnSequences: true });
  const head = layers.dense({ units: 2, activation: 'tanh' });
  const decode = (from: typeof target, initialState: (typeof target)[]) =>
    head.apply(decoder.apply(from, { initialState }));

  const model = functional({ inputs: [source, target], outputs: decode(target, [h, c]), seed: 9 });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const [sources, targets] = [randomTensor(6, [4, 11, 3]), randomTensor(7, [4, 6, 2])];
  yield* train(model, [sources, targets], randomTensor(8, [4, 6, 2]));
  const together = model.predict([sources, targets]);
  yield together;

  const encoder = functional({ inputs: source, outputs: [h, c] });
  const [next, ...given] = [input({ shape: [null, 2] }), input({ shape: [7] }), input({ shape: [7] })];
  const stepwise = functional({ inputs: [next, ...given], outputs: decode(next, given) });
  const states = encoder.predictAll(sources);
  yield* states;
  const session = stepwise.stream({ batch: 4, fixed: states });
  const apart = session.push(targets);
  session.close();
  if (digestOf(apart) !== digestOf(together)) throw new Error('a decoder fed by its encoder differs from both as one');
}

/** One pulse, then silence: h shrinks by 0.01 a step, below 2⁻¹⁰⁰ and, were it not cut off there, to subnormal numbers. */
function fading(): Tensor {
  const model = sequential({
    layers: [layers.simpleRNN({ units: 5, activation: 'linear', returnSequences: true, inputShape: [null, 1] })],
  });
  const diagonal = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 0.01 : 0));
  model.setWeights([tensor(new Float32Array(5).fill(1), [1, 5]), tensor(diagonal, [5, 5]), new Float32Array(5)]);
  const pulse = new Float32Array(40);
  pulse[0] = 1;
  return model.stream().push(pulse);
}

/** NaN, infinities, the largest and the smallest numbers, one in each row, after a step of zeros. */
function extremeInputs(): Tensor {
  const values = [NaN, Infinity, -Infinity, 3.4e38, -3.4e38, 1e-45, -1e-40, 2e-38, -0];
  const steps = 4;
  const data = new Float32Array(values.length * steps * 3);
  values.forEach((value, row) => (data[(row * steps + 1) * 3 + (row % 3)] = value));
  return tensor(data, [values.length, steps, 3]);
}

export function flushesSubnormals(): boolean {
  // In an array, so that it is divided when this runs, not by the compiler, on a thread that may differ.
  const [smallestNormal] = Float64Array.of(2 ** -1022);
  return smallestNormal / 2 === 0;
}
