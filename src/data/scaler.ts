import type { LayerOptions } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { normalization, type NormalizationLayer } from '../layers/normalization.js';
import { fields, finite, mismatch, oneOf, optional, refuse, type Reader } from '../options/options.js';
import { makeTensor, readDoubles, type Tensor, type TensorLike } from '../tensors/tensor.js';

export interface MinMaxScalerOptions {
  /** Where the least and the greatest value of each feature go. Default [0, 1]. */
  range?: readonly [number, number];
}

/** Options of the layer: its name, the shape of its input. */
export type ScalerLayerOptions = Pick<LayerOptions, 'name' | 'inputShape' | 'batchInputShape'>;

/** What `toJSON` gives: what was learnt from the data, exact to the bit as JSON text. */
export interface ScalerFile {
  readonly kind: 'standardScaler' | 'minMaxScaler';
  readonly range?: readonly [number, number];
  /** (x − center) / scale, for each feature. Absent before `fit`. */
  readonly center?: readonly number[];
  readonly scale?: readonly number[];
}

interface Learnt {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

/** The layer divides by nothing smaller (Keras's epsilon), in float32. */
const leastScale = 1e-7;
/** Its square is the greatest variance that float32 holds. */
const greatestScale = 1.8e19;

/**
 * Scales each feature, (x − center) / scale, by numbers that `fit` took from data. Made by `standardScaler` and `minMaxScaler`. It
 * travels with a model as a layer in front of it (`layer`) or behind it (`inverseLayer`), or beside it as JSON.
 *
 * Data: [rows, features], [rows, time, features], or [rows] for a single feature. Arithmetic is in float64; results are float32.
 */
export class Scaler {
  readonly #kind: ScalerFile['kind'];
  readonly #range: readonly [number, number];
  #learnt: Learnt | undefined;

  /** @internal Users call `standardScaler` or `minMaxScaler`. */
  constructor(kind: ScalerFile['kind'], range: readonly [number, number], learnt?: Learnt) {
    this.#kind = kind;
    this.#range = range;
    this.#learnt = learnt;
  }

  /**
   * Reads what `toJSON` gave.
   * @throws TypeError for anything else, naming the field.
   */
  static fromJSON(file: ScalerFile): Scaler {
    const where = 'Scaler.fromJSON';
    const { kind, range, center, scale } = fields(file, where, fileReaders);
    if (center === undefined && scale === undefined) return new Scaler(kind, range);
    if (center === undefined) mismatch(`${where}: center`, 'an array, as scale is', 'none');
    if (scale?.length !== center.length)
      mismatch(`${where}: scale`, `${center.length} values`, scale?.length ?? 'none');
    return new Scaler(kind, range, { center, scale });
  }

  /**
   * Learns from data; what was learnt before is forgotten. A feature that is the same in all rows is only shifted: its scale is 1, or
   * that of the range.
   * @throws TypeError for data without rows, or a value that is not finite.
   */
  fit(data: TensorLike): this {
    const where = `${this.#kind}: fit`;
    const { data: values, shape } = readDoubles(data, where);
    const features = featuresOf(shape);
    const rows = features > 0 ? values.length / features : 0;
    if (rows === 0) mismatch(where, 'rows of features', `shape ${printShape(shape)}`);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      mismatch(
        where,
        'finite numbers',
        `${values[bad]} in row ${Math.floor(bad / features)}, feature ${bad % features}`,
      );
    }
    const columns = Array.from({ length: features }, (_, feature) =>
      values.filter((_value, i) => i % features === feature),
    );
    const learnt = columns.map((column) =>
      this.#kind === 'standardScaler' ? standardize(column) : spread(column, this.#range),
    );
    this.#learnt = { center: learnt.map(({ center }) => center), scale: learnt.map(({ scale }) => scale) };
    return this;
  }

  /** Scaled data, of the same shape. @throws TypeError for other features than those of `fit`; Error before `fit`. */
  transform(data: TensorLike): Tensor {
    return this.#map('transform', data, (value, center, scale) => (value - center) / scale);
  }

  /** The way back, from scaled values to the original ones. */
  inverseTransform(data: TensorLike): Tensor {
    return this.#map('inverseTransform', data, (value, center, scale) => value * scale + center);
  }

  /**
   * A Normalization layer that does what `transform` does, inside a model: any shape with these features → the same.
   * @throws RangeError for a scale that the layer's float32 cannot hold: below 1e-7 or above 1.8e19.
   */
  layer(options: ScalerLayerOptions = {}): NormalizationLayer {
    return normalization({ ...this.#constants('layer'), ...options });
  }

  /** A Normalization layer that does what `inverseTransform` does: behind a model, so that it predicts in the original units. */
  inverseLayer(options: ScalerLayerOptions = {}): NormalizationLayer {
    return normalization({ ...this.#constants('inverseLayer'), invert: true, ...options });
  }

  toJSON(): ScalerFile {
    const range = this.#kind === 'minMaxScaler' ? { range: this.#range } : {};
    return { kind: this.#kind, ...range, ...this.#learnt };
  }

  #map(what: string, given: TensorLike, of: (value: number, center: number, scale: number) => number): Tensor {
    const where = `${this.#kind}: ${what}`;
    const { center, scale } = this.#fitted(what);
    const { data, shape } = readDoubles(given, where);
    const features = featuresOf(shape);
    if (features !== center.length) mismatch(where, `${center.length} feature(s)`, `shape ${printShape(shape)}`);
    const mapped = Float32Array.from(data, (value, i) =>
      of(value, center[i % features] ?? 0, scale[i % features] ?? 1),
    );
    return makeTensor(mapped, shape);
  }

  #constants(what: string): { mean: number[]; variance: number[] } {
    const { center, scale } = this.#fitted(what);
    scale.forEach((value, feature) => {
      if (value >= leastScale && value <= greatestScale) return;
      throw new RangeError(
        `${this.#kind}: ${what}: feature ${feature}: expected a scale from ${leastScale} to ${greatestScale}, got ${value}; ` +
          'give the data in other units, or use transform',
      );
    });
    return { mean: [...center], variance: scale.map((value) => value * value) };
  }

  #fitted(what: string): Learnt {
    if (this.#learnt === undefined) throw new Error(`${this.#kind}: ${what}: call fit(data) first`);
    return this.#learnt;
  }
}

/**
 * Scales each feature to mean 0 and variance 1 over the data that `fit` is given. The variance is that of the data itself (divided by
 * the number of rows), as in `keras.layers.Normalization` and scikit-learn's StandardScaler.
 * @example
 * const scaler = standardScaler().fit(train);
 * const model = sequential({ layers: [scaler.layer({ inputShape: [null, 3] }), layers.lstm({ units: 8 }), …] });
 */
export function standardScaler(): Scaler {
  return new Scaler('standardScaler', [0, 1]);
}

/**
 * Scales each feature linearly, so that its least value over the data of `fit` goes to the lower end of the range and its greatest to
 * the upper end. What lies outside of the data's extent goes outside of the range. As scikit-learn's MinMaxScaler.
 * @throws TypeError for a range that is not two rising numbers.
 */
export function minMaxScaler(options: MinMaxScalerOptions = {}): Scaler {
  const { range } = fields(options, 'minMaxScaler', { range: optional(rangeReader, [0, 1] as const) });
  return new Scaler('minMaxScaler', range);
}

function featuresOf(shape: readonly number[]): number {
  return shape.length === 1 ? 1 : (shape.at(-1) ?? 0);
}

function standardize(column: Float64Array): { center: number; scale: number } {
  const center = mean(column);
  const variance = mean(column.map((value) => (value - center) * (value - center)));
  // Rounding leaves a little variance to a constant like 0.1.
  const isConstant = column.every((value) => value === column[0]);
  return { center: isConstant ? (column[0] ?? 0) : center, scale: isConstant ? 1 : Math.sqrt(variance) };
}

/** x ↦ low + (x − least)·(high − low)/(greatest − least), as center and scale. */
function spread(column: Float64Array, [low, high]: readonly [number, number]): { center: number; scale: number } {
  const least = column.reduce((a, b) => Math.min(a, b));
  const greatest = column.reduce((a, b) => Math.max(a, b));
  const scale = (greatest > least ? greatest - least : 1) / (high - low);
  return { center: least - low * scale, scale };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const rangeReader: Reader<readonly [number, number]> = (value, where) => {
  if (!Array.isArray(value) || value.length !== 2) return refuse(where, 'an array [low, high]', value);
  const [low, high] = value.map((end: unknown) => finite(end, where));
  if (low === undefined || high === undefined || !(low < high)) return refuse(where, 'low < high', value);
  return [low, high];
};

const numbers: Reader<readonly number[]> = (value, where) =>
  Array.isArray(value) && value.length > 0
    ? value.map((number: unknown) => finite(number, where))
    : refuse(where, 'an array of numbers', value);

const scales: Reader<readonly number[]> = (value, where) => {
  const read = numbers(value, where);
  return read.every((scale) => scale > 0) ? read : refuse(where, 'positive numbers', value);
};

const fileReaders = {
  kind: oneOf(['standardScaler', 'minMaxScaler']),
  range: optional(rangeReader, [0, 1] as const),
  center: optional(numbers, undefined),
  scale: optional(scales, undefined),
};
