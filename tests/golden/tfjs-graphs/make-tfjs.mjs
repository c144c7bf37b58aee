// Writes graphs.json: random models of TensorFlow.js Layers, as it saves them, and what it predicts with them. Needs what
// `npm ci --prefix bench` installs; run as `node tests/golden/tfjs-graphs/make-tfjs.mjs`.
//
// Left out is where TensorFlow.js differs from Keras 3: it passes a mask on to layers that ignore it (pooling, Reshape …) and
// turns masked sequences around in Bidirectional. Masks therefore meet recurrent layers and layers of single steps alone.
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../bench/package.json', import.meta.url));
const tf = require('@tensorflow/tfjs-core');
const { input, layers, model, sequential } = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');

const count = 64;
let random = () => 0;

/** Numbers in [0, 1) from a seed (mulberry32). */
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const integer = (from, to) => from + Math.floor(random() * (to - from + 1));
const pick = (list) => list[integer(0, list.length - 1)];
const chance = (probability) => random() < probability;
const values = (length, scale) => Array.from({ length }, () => Math.round((random() * 2 - 1) * scale * 1000) / 1000);

const bounded = ['tanh', 'sigmoid', 'softsign', 'hardSigmoid', 'relu6'];
const activations = [...bounded, 'linear', 'relu', 'elu', 'selu', 'softplus', 'swish', 'mish', 'gelu'];

function recurrent(options = {}) {
  const kind = pick(['simpleRNN', 'lstm', 'gru']);
  return layers[kind]({
    units: integer(1, 6),
    recurrentInitializer: 'glorotNormal',
    returnSequences: true,
    goBackwards: chance(0.2),
    useBias: chance(0.8),
    activation: pick(['tanh', 'sigmoid', 'softsign']),
    ...(kind !== 'simpleRNN' && { recurrentActivation: pick(['sigmoid', 'hardSigmoid']) }),
    ...options,
  });
}

function statesHandedOver(x) {
  const options = { units: integer(1, 5), recurrentInitializer: 'glorotNormal', returnSequences: true };
  const kind = pick(['simpleRNN', 'lstm', 'gru']);
  const [y, ...states] = layers[kind]({ ...options, returnState: true }).apply(x);
  return layers.concatenate().apply([y, ...states.map((state) => repeated(state, y.shape[1]))]);
}

const repeated = (x, n) => layers.repeatVector({ n }).apply(x);

const dense = (units) => layers.dense({ units, activation: pick(activations), useBias: chance(0.8) });

/** A model of a layer or two, made for what has the shape of x. */
function inner(x) {
  if (chance(0.5)) {
    const own = input({ shape: x.shape.slice(1) });
    const branches = [dense(x.shape.at(-1)).apply(own), own];
    return model({ inputs: own, outputs: recurrent().apply(layers.add().apply(branches)) });
  }
  const chain = sequential();
  chain.add(layers.dense({ units: integer(1, 4), inputShape: x.shape.slice(1) }));
  chain.add(layers.batchNormalization());
  return chain;
}

function stepModel(x) {
  const chain = sequential();
  chain.add(layers.dense({ units: integer(1, 4), activation: 'tanh', inputShape: x.shape.slice(2) }));
  chain.add(dense(3));
  return chain;
}

/** A chain whose first layer is a model, which also stands alone. */
function chainOfModels(x) {
  const first = inner(x);
  const chain = sequential();
  chain.add(first);
  chain.add(dense(2));
  return layers.concatenate().apply([chain.apply(x), first.apply(x)]);
}

const branch = (x, units = x.shape.at(-1)) => dense(units).apply(x);

/** That keep to single steps, and let a mask pass. */
const ofSteps = [
  (x) => dense(integer(1, 8)).apply(x),
  (x) => layers.timeDistributed({ layer: dense(integer(1, 5)) }).apply(x),
  (x) => layers.activation({ activation: pick([...activations, 'softmax', 'logSoftmax']) }).apply(x),
  (x) => layers.leakyReLU({ alpha: Math.abs(values(1, 1)[0]) }).apply(x),
  (x) => layers.reLU(chance(0.5) ? { maxValue: 6 } : {}).apply(x),
  (x) => layers.elu().apply(x),
  (x) => layers.prelu({ sharedAxes: [1] }).apply(x),
  (x) => layers.batchNormalization({ scale: chance(0.8), center: chance(0.8) }).apply(x),
  (x) => layers[pick(['dropout', 'spatialDropout1d'])]({ rate: 0.4 }).apply(x),
  (x) => layers.gaussianNoise({ stddev: 0.3 }).apply(x),
  (x) => recurrent().apply(x),
  (x) => recurrent({ returnSequences: false }).apply(x),
];

const ofSequences = [
  ...ofSteps,
  statesHandedOver,
  chainOfModels,
  (x) => inner(x).apply(x),
  (x) => layers.concatenate().apply(twice(inner(x), x)),
  (x) => layers.concatenate().apply(twice(dense(3), x)),
  (x) => layers.timeDistributed({ layer: stepModel(x) }).apply(x),
  (x) => layers.layerNormalization().apply(x),
  (x) => layers.softmax({ axis: -1 }).apply(x),
  (x) => layers.prelu().apply(x),
  (x) =>
    layers
      .bidirectional({ layer: recurrent({ returnSequences: chance(0.7) }), mergeMode: pick(['concat', 'sum', 'mul', 'ave']) })
      .apply(x),
  (x) => {
    const dilated = chance(0.5);
    const { shape } = x;
    const options = dilated ? { dilationRate: integer(1, 3) } : { strides: integer(1, 3) };
    const padding = shape[1] > 9 ? pick(['same', 'valid']) : 'same';
    return layers.conv1d({ filters: integer(1, 6), kernelSize: integer(1, 4), padding, ...options }).apply(x);
  },
  ...['maxPooling1d', 'averagePooling1d'].map(
    (kind) => (x) =>
      layers[kind]({ poolSize: integer(1, 3), strides: integer(1, 3), padding: 'same' }).apply(x),
  ),
  ...['globalMaxPooling1d', 'globalAveragePooling1d'].map((kind) => (x) => layers[kind]().apply(x)),
  (x) => layers.flatten().apply(x),
  (x) => layers.permute({ dims: [2, 1] }).apply(x),
  ...['add', 'multiply', 'average', 'maximum', 'minimum'].map((kind) => (x) => layers[kind]().apply([x, branch(x)])),
  (x) => layers.concatenate({ axis: pick([1, -1]) }).apply([x, branch(x)]),
  (x) => layers.dot({ axes: pick([1, 2, -1, [1, 1], [2, 2]]), normalize: chance(0.3) }).apply([x, branch(x)]),
  (x) => reshaped(x, x.shape[1] * x.shape[2]),
];

const ofRows = [
  (x) => dense(integer(1, 8)).apply(x),
  (x) => repeated(x, integer(2, 5)),
  (x) => layers.activation({ activation: pick([...activations, 'softmax', 'logSoftmax']) }).apply(x),
  (x) => layers.batchNormalization().apply(x),
  (x) => layers.layerNormalization().apply(x),
  (x) => layers.prelu().apply(x),
  (x) => reshaped(x, x.shape[1]),
  (x) => layers.add().apply([x, branch(x)]),
  (x) => layers.dot({ axes: pick([1, -1]), normalize: chance(0.5) }).apply([x, branch(x)]),
];

function twice(layer, x) {
  return [layer.apply(x), layer.apply(layers.activation({ activation: 'tanh' }).apply(x))];
}

function reshaped(x, length) {
  const rows = pick(Array.from({ length }, (_, i) => i + 1).filter((n) => length % n === 0));
  return layers.reshape({ targetShape: [rows, length / rows] }).apply(x);
}

function drawModel(batch) {
  const [steps, features] = [integer(2, 12), integer(1, 6)];
  const lengths = Array.from({ length: batch }, () => integer(1, steps));
  const isMasked = chance(0.25);
  const isWords = chance(0.15);
  let given = input({ shape: isWords ? [steps] : [steps, features] });
  const first = given;
  const data = isWords
    ? Array.from({ length: batch * steps }, () => integer(1, 19))
    : values(batch * steps * features, 2);
  if (isMasked) {
    const width = isWords ? 1 : features;
    lengths.forEach((length, b) => data.fill(0, (b * steps + length) * width, (b + 1) * steps * width));
  }
  if (isWords) given = layers.embedding({ inputDim: 20, outputDim: features, maskZero: isMasked }).apply(given);
  else if (isMasked) given = layers.masking().apply(given);
  for (let depth = integer(1, 6); depth > 0; depth--) {
    const hasMask = isMasked && given.shape.length === 3;
    given = pick(given.shape.length === 2 ? ofRows : hasMask ? ofSteps : ofSequences)(given);
    if (isMasked && given.shape.length === 2) break;
  }
  return { drawn: model({ inputs: first, outputs: given }), x: tf.tensor(data, [batch, ...first.shape.slice(1)]) };
}

async function savedCase(seed) {
  random = numbersFrom(seed);
  const { drawn, x } = drawModel(integer(1, 3));
  drawn.setWeights(
    drawn.weights.map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const all = values(size, 0.8);
      return tf.tensor(/variance/.test(name) ? all.map((value) => Math.abs(value) + 0.1) : all, shape);
    }),
  );
  let artifacts;
  await drawn.save({
    save: (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  const y = drawn.predict(x);
  return {
    modelTopology: artifacts.modelTopology,
    weights: artifacts.weightSpecs,
    bytes: Buffer.from(artifacts.weightData).toString('base64'),
    input: { shape: x.shape, data: [...x.dataSync()].map(shortest) },
    output: { shape: y.shape, data: [...y.dataSync()].map(shortest) },
  };
}

/** As few digits as say which float32 it is. */
function shortest(value) {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

await tf.setBackend('cpu');
const cases = [];
for (let seed = 1; cases.length < count; seed++) cases.push(await savedCase(seed));
const text = cases.map((one) => JSON.stringify(one)).join(',\n');
await writeFile(new URL('graphs.json', import.meta.url), `[\n${text}\n]\n`);
