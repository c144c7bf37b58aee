/**
 * Random graphs of every layer, as data that fast-check can print and shrink, built twice: of the library's layers, and of the
 * float64 reference's passes.
 */
import fc from 'fast-check';
import { input, layers, type Layer, type SymbolicTensor } from '../../src/index.js';
import { createRandom } from '../random.js';
import { activation, activationNames, inputActivationNames, type ActivationName } from '../reference/activations.js';
import { averagePooling1d } from '../reference/average-pooling1d.js';
import { batchNormalization } from '../reference/batch-normalization.js';
import { bidirectional } from '../reference/bidirectional.js';
import { concatenate, concatenatedMask } from '../reference/concatenate.js';
import { conv1d } from '../reference/conv1d.js';
import { conv1dTranspose } from '../reference/conv1d-transpose.js';
import { cropping1d } from '../reference/cropping1d.js';
import { dense } from '../reference/dense.js';
import { depthwiseConv1d } from '../reference/depthwise-conv1d.js';
import { dot } from '../reference/dot.js';
import { elu } from '../reference/elu.js';
import { embedding } from '../reference/embedding.js';
import { flatten } from '../reference/flatten.js';
import { globalAveragePooling1d } from '../reference/global-average-pooling1d.js';
import { globalMaxPooling1d } from '../reference/global-max-pooling1d.js';
import { groupNormalization } from '../reference/group-normalization.js';
import { layerNormalization } from '../reference/layer-normalization.js';
import { leakyReLU } from '../reference/leaky-relu.js';
import { masking } from '../reference/masking.js';
import { maxPooling1d } from '../reference/max-pooling1d.js';
import { merge, mergedMask, type MergeName } from '../reference/merging.js';
import { normalization } from '../reference/normalization.js';
import type { AnyPass } from '../reference/pass.js';
import { permute } from '../reference/permute.js';
import { prelu } from '../reference/prelu.js';
import { recurrent, type RecurrentLayer } from '../reference/recurrent.js';
import { repeatVector } from '../reference/repeat-vector.js';
import { reshape } from '../reference/reshape.js';
import { separableConv1d } from '../reference/separable-conv1d.js';
import { softmax } from '../reference/softmax.js';
import { add, map, sizeOf, tensor, zerosLike, type Mask, type Tensor, type Tensors } from '../reference/tensor.js';
import { timeDistributedOver } from '../reference/time-distributed.js';
import { upSampling1d } from '../reference/up-sampling1d.js';
import { zeroPadding1d } from '../reference/zero-padding1d.js';

const mergeNames = ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'] as const;

/** Layers of one sequence [batch, time, features]. */
const ofSequence = [
  ...(['simpleRNN', 'lstm', 'gru', 'bidirectional', 'masking', 'timeDistributed'] as const),
  ...(['conv1d', 'depthwiseConv1d', 'separableConv1d', 'conv1dTranspose'] as const),
  ...(['maxPooling1d', 'averagePooling1d', 'globalMaxPooling1d', 'globalAveragePooling1d'] as const),
  ...(['zeroPadding1d', 'cropping1d', 'upSampling1d', 'groupNormalization', 'spatialDropout1d'] as const),
] as const;
/** Of anything. */
const ofAny = [
  ...(['dense', 'activation', 'leakyReLU', 'elu', 'prelu', 'softmax', 'dropout', 'gaussianNoise'] as const),
  ...(['layerNormalization', 'batchNormalization', 'normalization'] as const),
] as const;
/** Of what has known lengths. */
const ofKnown = ['flatten', 'reshape', 'permute'] as const;
const ofTwo = [...mergeNames, 'concatenate', 'concatenateTime', 'dot'] as const;

export const kinds = [...ofSequence, ...ofAny, ...ofKnown, ...ofTwo, 'repeatVector', 'embedding'] as const;
export type Kind = (typeof kinds)[number];

export interface DrawnCall {
  readonly kind: Kind;
  readonly units: number;
  readonly window: number;
  readonly rate: number;
  readonly padding: 'valid' | 'same' | 'causal';
  readonly activation: ActivationName;
  /** Which of the values so far it reads, counted from the last; and the second one. */
  readonly from: number;
  readonly other: number;
  /** Whether it is an earlier layer's further call where one fits. */
  readonly shared: boolean;
  readonly flags: readonly [boolean, boolean, boolean];
}

export interface DrawnGraph {
  readonly batch: number;
  readonly time: number;
  readonly features: number;
  /** Whether the input says its length. */
  readonly isKnown: boolean;
  readonly mask: 'none' | 'given' | 'computed';
  readonly calls: readonly DrawnCall[];
  readonly seed: number;
}

/** Without those that run away in a deep graph. */
const activations = [...activationNames, ...inputActivationNames].filter((name) => name !== 'exponential');

const call: fc.Arbitrary<DrawnCall> = fc.record({
  kind: fc.constantFrom(...kinds),
  units: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 })),
  window: fc.integer({ min: 1, max: 5 }),
  rate: fc.integer({ min: 1, max: 4 }),
  padding: fc.constantFrom('valid', 'same', 'causal'),
  activation: fc.constantFrom(...activations),
  from: fc.nat({ max: 3 }),
  other: fc.nat({ max: 5 }),
  shared: fc.boolean(),
  flags: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
});

const size = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 }));

export const drawnGraph: fc.Arbitrary<DrawnGraph> = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  time: size,
  features: size,
  isKnown: fc.boolean(),
  mask: fc.constantFrom('none', 'given', 'computed'),
  calls: fc.array(call, { minLength: 1, maxLength: 7 }),
  seed: fc.nat({ max: 1_000_000 }),
});

/** A value of the graph on both sides. */
interface Value {
  readonly symbolic: SymbolicTensor;
  readonly tensor: Tensor;
  readonly mask: Mask | undefined;
}

/** A layer of both sides: calls of it share its weights. */
interface Made {
  readonly kind: Kind;
  readonly layer: Layer;
  readonly features: number;
  readonly weights: Tensors;
  readonly forward: (
    weights: Tensors,
    inputs: Tensors,
    mask: Mask | undefined,
    masks: readonly (Mask | undefined)[],
  ) => AnyPass & { readonly mask?: Mask | undefined };
}

interface Called {
  readonly made: Made;
  readonly from: readonly Value[];
  readonly to: readonly Value[];
  readonly pass: AnyPass;
}

export interface ReferenceGraph {
  readonly inputs: SymbolicTensor[];
  /** As `predict` takes them. */
  readonly given: Tensors;
  readonly outputs: SymbolicTensor[];
  readonly expected: Tensors;
  readonly layers: readonly { readonly layer: Layer; readonly weights: Tensors }[];
  /** Gradients of the inputs that have some, and of the layers' weights. */
  backward(cotangents: Tensors): { readonly inputs: Tensors; readonly weights: readonly Tensors[] };
}

/** Longer sequences than this are not made longer. */
const longest = 70;

export function buildGraph({ batch, time, features, isKnown, mask, calls, seed }: DrawnGraph): ReferenceGraph {
  const random = createRandom(seed);
  const draw = (shape: readonly number[], scale = 1): Tensor => tensor(shape, random.normals(sizeOf(shape), scale));
  const taken: Value[] = [];
  const take = (symbolic: SymbolicTensor, values: Tensor): Value => {
    const value = { symbolic, tensor: values, mask: undefined };
    taken.push(value);
    return value;
  };

  const steps = map(draw([batch, time, 1]), () => (random.chance(0.7) ? 1 : 0));
  const x = draw([batch, time, features]);
  const masked = map(x, (value, i) => value * (mask === 'computed' ? steps.data[Math.floor(i / features)] : 1));
  const values: Value[] = [take(input({ shape: [isKnown ? time : null, features] }), masked)];
  const made: Made[] = [];
  const called: Called[] = [];
  const apply = (one: Made, from: readonly Value[], options: object = {}): void => {
    const own = from[0].mask;
    const pass = one.forward(
      one.weights,
      from.map((value) => value.tensor),
      own,
      from.map((value) => value.mask),
    );
    const { outputs } = one.layer.call(
      from.map(({ symbolic }) => symbolic),
      options,
    );
    const out = maskOf(one.kind, pass, from);
    const to = pass.outputs.slice(0, outputs.length).map((values, i): Value => ({
      symbolic: outputs[i],
      tensor: values,
      mask: i === 0 && values.shape.length > 2 ? out : undefined,
    }));
    called.push({ made: one, from, to, pass });
    values.push(...to);
  };

  if (mask === 'computed') {
    apply(make('masking', { ...calls[0], flags: [false, false, false] }, values[0], draw), [values[0]]);
    made.push(called[0].made);
  }
  if (mask === 'given') {
    const pattern = Array.from({ length: batch }, (_b, b) =>
      Array.from({ length: time }, (_t, t) => steps.data[b * time + t] === 1),
    );
    const flags = take(input({ shape: [isKnown ? time : null], dtype: 'bool' }), tensor([batch, time], steps.data));
    const layer = layers.activation({ activation: 'linear' });
    const [symbolic] = layer.call(values[0].symbolic, { mask: flags.symbolic }).outputs;
    // The identity: what is behind it is the input's own gradient.
    const one: Made = {
      kind: 'activation',
      layer,
      features,
      weights: [],
      forward: (w, [a]) => activation({ activation: 'linear' }, w, [a]),
    };
    const pass = one.forward([], [values[0].tensor], undefined, []);
    const to: Value = { symbolic, tensor: pass.outputs[0], mask: pattern };
    called.push({ made: one, from: [values[0]], to: [to], pass });
    made.push(one);
    values.push(to);
  }

  for (const drawn of calls) {
    const source = values[values.length - 1 - (drawn.from % values.length)];
    const kind = fitting(drawn, source);
    if (kind === 'embedding') {
      const vocabulary = drawn.units + 1;
      const ids = map(draw([batch, time]), () => random.integer(0, vocabulary - 1));
      const words = take(input({ shape: [isKnown ? time : null] }), ids);
      const one = make(kind, drawn, words, draw);
      made.push(one);
      apply(one, [words]);
      continue;
    }
    const others = (ofTwo as readonly Kind[]).includes(kind) ? [partnerOf(kind, source, values, drawn.other)] : [];
    const earlier = made.find(
      (one) => one.kind === kind && one.features === source.symbolic.features && isRepeatable(kind),
    );
    const one = drawn.shared && earlier !== undefined ? earlier : make(kind, drawn, source, draw);
    if (one !== earlier) made.push(one);
    apply(one, [source, ...others]);
  }

  // No input is left unread.
  if (!called.some(({ from }) => from.includes(values[0]))) {
    const one = make('dense', calls[0], values[0], draw);
    made.push(one);
    apply(one, [values[0]]);
  }
  const read = new Set(called.flatMap(({ from }) => from));
  const last = values.filter((value) => !read.has(value) && !taken.includes(value));
  return {
    inputs: taken.map(({ symbolic }) => symbolic),
    given: taken.map((value) => value.tensor),
    outputs: last.map(({ symbolic }) => symbolic),
    expected: last.map((value) => value.tensor),
    layers: made,
    backward(cotangents) {
      const gradients = new Map<Value, Tensor>(last.map((value, i) => [value, cotangents[i]]));
      const weights = new Map<Made, Tensors>(made.map((one) => [one, one.weights.map(zerosLike)]));
      const gradientOf = (value: Value): Tensor => gradients.get(value) ?? zerosLike(value.tensor);
      for (const { made: one, from, to, pass } of called.toReversed()) {
        const [first, ...rest] = to.map(gradientOf);
        const found = pass.backward([first, ...rest]);
        from.forEach((value, i) => gradients.set(value, add(gradientOf(value), found.inputs[i])));
        const before = weights.get(one) ?? [];
        weights.set(
          one,
          found.weights.map((gradient, i) => add(before[i], gradient)),
        );
      }
      return {
        inputs: taken.filter(({ symbolic }) => symbolic.dtype === 'float32').map(gradientOf),
        weights: made.map((one) => weights.get(one) ?? []),
      };
    },
  };
}

/** A kind for this value: the drawn one, if it takes such a value. */
function fitting({ kind, units }: DrawnCall, { symbolic, tensor: { shape } }: Value): Kind {
  const isKnown = !symbolic.shape.slice(1).includes(null);
  const [, time = 0, features = 0] = shape;
  if (shape.length === 2) {
    if ((ofSequence as readonly Kind[]).includes(kind) || kind === 'permute')
      return units % 2 === 0 ? 'repeatVector' : 'dense';
    if (kind === 'dot' || kind === 'concatenateTime') return 'concatenate';
    return kind;
  }
  if (kind === 'repeatVector') return 'globalAveragePooling1d';
  if (time > longest && (kind === 'upSampling1d' || kind === 'conv1dTranspose' || kind === 'concatenateTime'))
    return 'maxPooling1d';
  const wantsLength = (ofKnown as readonly Kind[]).includes(kind) || kind === 'dot';
  // Nothing to normalise, and nothing to take the largest of.
  if (time * features === 0 || (wantsLength && !isKnown)) return 'dense';
  if (kind === 'flatten' && time * features > 700) return 'globalMaxPooling1d';
  return kind;
}

const isRepeatable = (kind: Kind): boolean =>
  !(ofTwo as readonly Kind[]).includes(kind) &&
  !['prelu', 'embedding', 'flatten', 'reshape', 'permute', 'repeatVector'].includes(kind);

/** The second value of a merge: another one that fits, or the same again. */
function partnerOf(kind: Kind, source: Value, values: readonly Value[], which: number): Value {
  const same = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((n, i) => n === b[i]);
  const [batch, time, features] = source.tensor.shape;
  const fits = values.filter(({ symbolic, tensor: { shape } }) => {
    const isAlike =
      shape.length === source.tensor.shape.length &&
      symbolic.dtype === 'float32' &&
      symbolic.shape.slice(1, -1).every((n, i) => (n === null) === (source.symbolic.shape[i + 1] === null));
    if (kind === 'concatenate' || kind === 'dot')
      return isAlike && same(shape.slice(0, -1), source.tensor.shape.slice(0, -1));
    if (kind === 'concatenateTime') return isAlike && shape[0] === batch && shape[2] === features;
    return isAlike && same(shape, source.tensor.shape);
  });
  return fits[which % fits.length] ?? { ...source, time };
}

/** The mask of a layer's output. */
function maskOf(kind: Kind, pass: { readonly mask?: Mask | undefined }, from: readonly Value[]): Mask | undefined {
  const masks = from.map(({ mask }) => mask);
  const tensors = from.map((value) => value.tensor);
  if ((mergeNames as readonly Kind[]).includes(kind)) return mergedMask(masks);
  if (kind === 'concatenate') return concatenatedMask({ axis: -1 }, tensors, masks);
  if (kind === 'concatenateTime') return concatenatedMask({ axis: 1 }, tensors, masks);
  return 'mask' in pass ? pass.mask : kind === 'dot' ? undefined : masks[0];
}

type Draw = (shape: readonly number[], scale?: number) => Tensor;
const gates = { simpleRNN: 1, lstm: 4, gru: 3 };
const recurrentMakers = layers as Readonly<Record<'simpleRNN' | 'lstm' | 'gru', (config: object) => Layer>>;

function make(kind: Kind, drawn: DrawnCall, { tensor: { shape }, symbolic }: Value, draw: Draw): Made {
  const { units, window, rate, padding, activation: name, flags } = drawn;
  const [useBias, second, third] = flags;
  const features = shape[shape.length - 1];
  const scaled = (of: readonly number[], inputs: number): Tensor => draw(of, 0.9 / Math.sqrt(inputs));
  const bias = (width: number): Tensor[] => (useBias ? [draw([width], 0.3)] : []);
  const of = (layer: Layer, weights: Tensors, forward: Made['forward']): Made => ({
    kind,
    layer,
    features: symbolic.features,
    weights,
    forward,
  });

  const recurrentOf = (which: 'simpleRNN' | 'lstm' | 'gru', isWrapped: boolean): [RecurrentLayer, Tensor[]] => {
    const config = {
      units,
      useBias,
      returnSequences: second,
      ...(!isWrapped && third && { goBackwards: true }),
      ...(which === 'gru' && { resetAfter: window > 2 }),
      ...(window === 1 && { activation: 'softsign' as const }),
    };
    const width = gates[which] * units;
    const biases = !useBias ? [] : [draw(which === 'gru' && window > 2 ? [2, width] : [width], 0.3)];
    const weights = [scaled([features, width], features), scaled([units, width], units), ...biases];
    return [{ layer: which, config }, weights];
  };

  switch (kind) {
    case 'simpleRNN':
    case 'lstm':
    case 'gru': {
      const [layer, weights] = recurrentOf(kind, false);
      return of(recurrentMakers[kind](layer.config), weights, (w, inputs, mask) => recurrent(layer, w, inputs, mask));
    }
    case 'bidirectional': {
      const which = (['simpleRNN', 'lstm', 'gru'] as const)[rate % 3];
      const mergeMode = (['concat', 'sum', 'mul', 'ave'] as const)[window % 4];
      const [layer, weights] = recurrentOf(which, true);
      const [, others] = recurrentOf(which, true);
      const config = { layer, mergeMode };
      const inner = recurrentMakers[which](layer.config) as layers.BidirectionalOptions['layer'];
      return of(layers.bidirectional({ layer: inner, mergeMode }), [...weights, ...others], (w, inputs, mask) =>
        bidirectional(config, w, inputs, mask),
      );
    }
    case 'masking':
      return of(layers.masking(), [], (w, [x]) => masking({}, w, [x]));
    case 'timeDistributed': {
      const config = { units, activation: name, useBias };
      const weights = [scaled([features, units], features), ...bias(units)];
      return of(layers.timeDistributed({ layer: layers.dense(config) }), weights, (w, [x]) =>
        timeDistributedOver((own, step) => dense(config, own, step), w, [x]),
      );
    }
    case 'dense': {
      const config = { units, activation: name, useBias };
      return of(layers.dense(config), [scaled([features, units], features), ...bias(units)], (w, [x]) =>
        dense(config, w, [x]),
      );
    }
    case 'conv1d': {
      const groups = second ? divisorOf(features, rate) : 1;
      const filters = groups * Math.ceil(units / groups);
      const config = { ...windowed(drawn), filters, groups, activation: name, useBias };
      const weights = [scaled([window, features / groups, filters], (window * features) / groups), ...bias(filters)];
      return of(layers.conv1d(config), weights, (w, [x]) => conv1d(config, w, [x]));
    }
    case 'depthwiseConv1d': {
      const depthMultiplier = 1 + (units % 3);
      const config = { ...windowed(drawn), depthMultiplier, activation: name, useBias };
      const weights = [scaled([window, features, depthMultiplier], window), ...bias(features * depthMultiplier)];
      return of(layers.depthwiseConv1d(config), weights, (w, [x]) => depthwiseConv1d(config, w, [x]));
    }
    case 'separableConv1d': {
      const depthMultiplier = 1 + (units % 2);
      const config = { ...windowed(drawn), filters: units, depthMultiplier, activation: name, useBias };
      const wide = features * depthMultiplier;
      const weights = [
        scaled([window, features, depthMultiplier], window),
        scaled([1, wide, units], wide),
        ...bias(units),
      ];
      return of(layers.separableConv1d(config), weights, (w, [x]) => separableConv1d(config, w, [x]));
    }
    case 'conv1dTranspose': {
      const config = {
        filters: units,
        kernelSize: window,
        strides: third ? 1 : rate,
        dilationRate: third ? rate : 1,
        padding: padding === 'causal' ? ('valid' as const) : padding,
        activation: name,
        useBias,
      };
      const weights = [scaled([window, units, features], window * features), ...bias(units)];
      return of(layers.conv1dTranspose(config), weights, (w, [x]) => conv1dTranspose(config, w, [x]));
    }
    case 'maxPooling1d':
    case 'averagePooling1d': {
      const config = { poolSize: window, strides: rate, padding };
      const pass = kind === 'maxPooling1d' ? maxPooling1d : averagePooling1d;
      return of(layers[kind](config), [], (w, [x]) => pass(config, w, [x]));
    }
    case 'globalMaxPooling1d':
      return of(layers.globalMaxPooling1d({ keepdims: second }), [], (w, [x]) =>
        globalMaxPooling1d({ keepdims: second }, w, [x]),
      );
    case 'globalAveragePooling1d':
      return of(layers.globalAveragePooling1d({ keepdims: second }), [], (w, [x], mask) =>
        globalAveragePooling1d({ keepdims: second }, w, [x], mask),
      );
    case 'zeroPadding1d': {
      const config = { padding: [window, rate] as const };
      return of(layers.zeroPadding1d({ padding: [window, rate] }), [], (w, [x]) => zeroPadding1d(config, w, [x]));
    }
    case 'cropping1d': {
      // At least a step is left.
      const cropping = [Math.min(window - 1, shape[1] - 1), 0] as const;
      return of(layers.cropping1d({ cropping: [...cropping] }), [], (w, [x]) => cropping1d({ cropping }, w, [x]));
    }
    case 'upSampling1d':
      return of(layers.upSampling1d({ size: rate }), [], (w, [x]) => upSampling1d({ size: rate }, w, [x]));
    case 'dropout':
    case 'spatialDropout1d':
    case 'gaussianNoise': {
      const layer = kind === 'gaussianNoise' ? layers.gaussianNoise({ stddev: 0.5 }) : layers[kind]({ rate: 0.5 });
      return of(layer, [], (w, [x]) => activation({ activation: 'linear' }, w, [x]));
    }
    case 'activation':
      return of(layers.activation({ activation: name }), [], (w, [x]) => activation({ activation: name }, w, [x]));
    case 'leakyReLU':
      return of(layers.leakyReLU({ negativeSlope: rate / 10 }), [], (w, [x]) =>
        leakyReLU({ negativeSlope: rate / 10 }, w, [x]),
      );
    case 'elu':
      return of(layers.elu({ alpha: rate / 2 }), [], (w, [x]) => elu({ alpha: rate / 2 }, w, [x]));
    case 'prelu': {
      const sharedAxes = shape.length === 3 ? (second ? [1, 2] : [1]) : [];
      const alpha = shape.slice(1).map((length, i) => (sharedAxes.includes(i + 1) ? 1 : length));
      return of(layers.prelu({ sharedAxes }), [draw(alpha)], (w, [x]) => prelu({ sharedAxes }, w, [x]));
    }
    case 'softmax': {
      const axis = shape.length === 3 && third ? 1 : -1;
      // Over time, of the steps that the mask leaves.
      const places = (mask: Mask | undefined): Tensor | undefined =>
        axis === 1 && mask !== undefined
          ? tensor([mask.length, mask[0].length, 1], mask.flat().map(Number))
          : undefined;
      return of(layers.softmax({ axis }), [], (w, [x], mask) => softmax({ axis }, w, [x], places(mask)));
    }
    case 'layerNormalization': {
      const config = { center: useBias, scale: second };
      return of(layers.layerNormalization(config), gains(config, features, draw), (w, [x]) =>
        layerNormalization(config, w, [x]),
      );
    }
    case 'groupNormalization': {
      const config = { groups: third ? -1 : divisorOf(features, rate), center: useBias, scale: second };
      return of(layers.groupNormalization(config), gains(config, features, draw), (w, [x]) =>
        groupNormalization(config, w, [x]),
      );
    }
    case 'batchNormalization': {
      const config = { center: useBias, scale: second };
      const statistics = [draw([features]), map(draw([features]), (value) => 0.5 + Math.abs(value))];
      return of(layers.batchNormalization(config), [...gains(config, features, draw), ...statistics], (w, [x]) =>
        batchNormalization(config, w, [x]),
      );
    }
    case 'normalization': {
      const config = { mean: rate, variance: window, ...(second && { invert: true }) };
      return of(layers.normalization(config), [], (w, [x]) => normalization(config, w, [x]));
    }
    case 'embedding': {
      const config = { inputDim: units + 1, outputDim: window + rate, maskZero: second };
      return of(layers.embedding(config), [draw([units + 1, window + rate])], (w, [x]) => embedding(config, w, [x]));
    }
    case 'flatten':
      return of(layers.flatten(), [], (w, [x]) => flatten({}, w, [x]));
    case 'reshape': {
      const targetShape = shape.length === 3 ? [shape[2], shape[1]] : [shape[1], 1];
      return of(layers.reshape({ targetShape }), [], (w, [x]) => reshape({ targetShape }, w, [x]));
    }
    case 'permute':
      return of(layers.permute({ dims: [2, 1] }), [], (w, [x]) => permute({ dims: [2, 1] }, w, [x]));
    case 'repeatVector':
      return of(layers.repeatVector({ n: units }), [], (w, [x]) => repeatVector({ n: units }, w, [x]));
    case 'concatenate':
    case 'concatenateTime': {
      const config = { axis: kind === 'concatenate' ? -1 : 1 };
      return of(layers.concatenate(config), [], (w, inputs) => concatenate(config, w, inputs));
    }
    case 'dot': {
      // Over time: every feature with every other. Not normalized: of parallel vectors the slope is a difference of equals.
      const config = { axes: 1 };
      return of(layers.dot(config), [], (w, [a, b]) => dot(config, w, [a, b]));
    }
    default:
      return of(layers[kind](), [], (_w, inputs, _mask, masks) => merge(kind satisfies MergeName, inputs, masks));
  }
}

function windowed({ window, rate, padding, flags }: DrawnCall) {
  const strides = flags[2] ? 1 : rate;
  return { kernelSize: window, strides, dilationRate: flags[2] ? rate : 1, padding };
}

/** The largest divisor up to a limit. */
function divisorOf(count: number, limit: number): number {
  let divisor = Math.min(count, limit);
  while (count % divisor !== 0) divisor--;
  return divisor;
}

function gains({ center, scale }: { center: boolean; scale: boolean }, features: number, draw: Draw): Tensor[] {
  return [...(scale ? [draw([features])] : []), ...(center ? [draw([features])] : [])];
}
