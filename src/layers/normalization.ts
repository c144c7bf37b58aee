import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { DerivedVector } from '../graph/weights.js';
import { finite, flag, mismatch, nonNegative, optional, type Reader } from '../options/options.js';
import { readNumbers, type TensorLike } from '../tensors/tensor.js';
import { onlyInput } from './expectations.js';
import { makeLayer } from './make-layer.js';
import { alongFeatures, axisReader, scaleOf, type AxisConfig } from './normalizing.js';

/** One for all features, or one for each. */
type Statistic = number | readonly number[];

export interface NormalizationOptions extends LayerOptions {
  /** The axis with a mean and a variance for each index: the features, as −1 or by the axis's number. Default −1. */
  axis?: number;
  /** Means and variances, both or neither: without them they come from `adapt`, or with the model's weights. */
  mean?: Statistic;
  variance?: Statistic;
  /** Whether the layer goes the way back, from scaled values to the original ones. Default false. */
  invert?: boolean;
}

export interface NormalizationConfig extends AxisConfig {
  readonly mean: Statistic | undefined;
  readonly variance: Statistic | undefined;
  readonly invert: boolean;
}

export interface NormalizationLayer extends Layer<NormalizationConfig, SymbolicTensor> {
  /**
   * Takes mean and variance from data, [rows, features] or [rows, time, features], before the model is made or afterwards.
   * @throws TypeError for data without rows, with other features, or not finite; Error while a model over the layer is trained.
   */
  adapt(data: TensorLike): void;
}

/** Never adapted: variances, which all are 0 then, are Keras's initial ones in its files. */
const initial = { meanInitializer: 'zeros', varianceInitializer: 'zeros', countInitializer: 'zeros' };

const definition: LayerDefinition<NormalizationConfig> = {
  className: 'Normalization',
  rowByRow: true,
  outputs: (config, call, name) => {
    const { mean, variance } = config;
    const { features } = onlyInput(name, call);
    for (const [option, given] of Object.entries({ mean, variance })) {
      if (typeof given !== 'object' || given.length === features) continue;
      mismatch(`${name}: ${option}`, `${features} values, one for each feature`, given.length);
    }
    return alongFeatures(config, call, name);
  },
  weights: ({ mean }, features) => {
    if (mean !== undefined) return [];
    const shapes = { mean: [features], variance: [features], count: [] };
    return Object.entries(shapes).map(([name, shape]) => ({ name, shape, trainable: false, options: initial }));
  },
  derived: ({ mean, variance, invert }, features) => [
    ...(mean === undefined || variance === undefined
      ? []
      : [constant('mean', features, mean), constant('variance', features, variance)]),
    scaleOf('variance', features, 0, 1e-7, invert ? 1 : 0),
  ],
  checkWeights: ({ mean }, weights, title) => {
    const [, variance, count] = mean === undefined ? weights.get() : [];
    if (variance?.every((value) => value === 0) === true && count?.[0] === 0) {
      throw new Error(`${title}: has no mean and variance: call adapt(data), or give them as options`);
    }
  },
  forward: (context, { invert }) => {
    const [mean, factors] = [context.vector('mean'), context.vector('factors')];
    const [center, shift] = invert ? [0, mean] : [mean, 0];
    const [x, y, features] = [context.input(), context.result(), context.features()];
    context.emit('scaleShift', x, center, factors, shift, y, context.rows, features);
  },
};

function constant(name: string, features: number, given: Statistic): DerivedVector {
  const values = typeof given === 'number' ? Array.from({ length: features }, () => given) : given;
  return {
    name,
    features,
    compute: ({ workspace }, to) => {
      workspace.floats.set(values, to / 4);
    },
  };
}

/**
 * Scales features by means and variances that are known beforehand: (x − mean) / max(√variance, 1e-7), or with `invert` the way
 * back, mean + x · max(√variance, 1e-7). Any shape → the same. As `keras.layers.Normalization`. Weights, unless mean and variance are
 * options: mean [features], variance [features], count [], none of them trained.
 * @example const scaler = layers.normalization({ inputShape: [null, 3] }); scaler.adapt(x);
 * @throws TypeError for an option that is unknown or out of range. A model runs only once there are mean and variance.
 */
export function normalization(options: NormalizationOptions = {}): NormalizationLayer {
  const layer = makeLayer(definition, readers, options);
  const { mean, variance } = layer.config;
  if ((mean === undefined) !== (variance === undefined)) {
    mismatch(layer.title, 'mean and variance', mean === undefined ? 'variance alone' : 'mean alone');
  }
  return Object.assign(layer, {
    adapt: (data: TensorLike) => {
      adapt(layer, data);
    },
  });
}

/** In JavaScript, in float64: there need not be a workspace yet. Sums and quotients alone are the same everywhere. */
function adapt(layer: Layer<NormalizationConfig, SymbolicTensor>, given: TensorLike): void {
  const where = `${layer.title}: adapt`;
  if (layer.config.mean !== undefined) throw new Error(`${where}: mean and variance are given as options`);
  const { data, shape } = readNumbers(given, where);
  const features = shape.at(-1) ?? 0;
  const rows = data.length / features;
  const wanted = layer.weightSpecs[0]?.shape[0] ?? 0;
  if (shape.length < 2 || !(rows > 0) || (wanted > 0 && wanted !== features)) {
    mismatch(where, `rows of ${wanted || 'some'} features`, `shape ${printShape(shape)}`);
  }
  const bad = data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) mismatch(where, 'finite numbers', bad);
  const [mean, variance] = [new Float64Array(features), new Float64Array(features)];
  const sum = (sums: Float64Array, of: (value: number, feature: number) => number): void => {
    data.forEach((value, i) => {
      sums[i % features] = (sums[i % features] ?? 0) + of(value, i % features) / rows;
    });
  };
  sum(mean, (value) => value);
  sum(variance, (value, feature) => {
    const difference = value - (mean[feature] ?? 0);
    return difference * difference;
  });
  const values = [mean, variance, [rows]].map((list) => Float32Array.from(list));
  if (layer.workspace === undefined) {
    layer.startValues = values;
    return;
  }
  const { fitting } = layer.weights.master ?? {};
  if (fitting !== undefined) throw new Error(`${where}: fit of "${fitting.name}" is running; abort it or wait for it`);
  layer.weights.set(values);
}

/** A number, or several. */
function statistic(one: Reader<number>): Reader<Statistic> {
  return (value, where) =>
    Array.isArray(value) ? value.map((number: unknown) => one(number, where)) : one(value, where);
}

const readers = {
  axis: axisReader,
  mean: optional(statistic(finite), undefined),
  variance: optional(statistic(nonNegative), undefined),
  invert: optional(flag, false),
};
