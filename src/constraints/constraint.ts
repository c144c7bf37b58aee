import { fields, nonNegative, oneOf, optional, positive, refuse, share, type Reader } from '../options/options.js';

/** What a weight is brought back to after each step of the optimizer. Data only; `src/training/constrain.ts` does it. */
export type Constraint =
  | { readonly kind: 'nonNeg' }
  | ({ readonly kind: 'maxNorm' } & MaxNormOptions)
  | ({ readonly kind: 'unitNorm' } & AxisOption)
  | ({ readonly kind: 'minMaxNorm' } & MinMaxNormOptions);

export interface AxisOption {
  /**
   * Along which axes norms are taken: 0 (the default) gives that of the weights into each unit of a Dense layer, [0, 1]
   * that of a Conv1D's filters. Several must be neighbours; negative ones count from the end.
   */
  readonly axis?: number | readonly number[];
}

export interface MaxNormOptions extends AxisOption {
  /** Default 2. */
  readonly maxValue?: number;
}

export interface MinMaxNormOptions extends AxisOption {
  /** Default 0. */
  readonly minValue?: number;
  /** Default 1. */
  readonly maxValue?: number;
  /** How far each step goes towards the bounds, in [0, 1]. Default 1. */
  readonly rate?: number;
}

/** Constraints by Keras's names: `layers.dense({ units: 1, kernelConstraint: constraints.maxNorm({ maxValue: 3 }) })`. */
export const constraints = {
  /** No value is below 0. */
  nonNeg: (): Constraint => ({ kind: 'nonNeg' }),
  /** No norm exceeds `maxValue` (Srivastava et al. 2014). */
  maxNorm: (options: MaxNormOptions = {}): Constraint => ({ kind: 'maxNorm', ...options }),
  /** Every norm is 1. */
  unitNorm: (options: AxisOption = {}): Constraint => ({ kind: 'unitNorm', ...options }),
  /** Norms are drawn between `minValue` and `maxValue`. */
  minMaxNorm: (options: MinMaxNormOptions = {}): Constraint => ({ kind: 'minMaxNorm', ...options }),
};

export type ConstraintName = keyof typeof constraints;

/** What an option such as `kernelConstraint` takes: a name, or an object of `constraints`. */
export type ConstraintOption = ConstraintName | Constraint;

/** A constraint as it was read: which norms there may be, along which axes. */
export type Bounds = 'nonNeg' | NormBounds;

export interface NormBounds {
  readonly least: number;
  readonly most: number;
  readonly rate: number;
  readonly axes: readonly number[];
}

const names = Object.keys(constraints) as ConstraintName[];

const axisReader: Reader<readonly number[]> = (value, where) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isAxis = (axis: unknown): axis is number => Number.isSafeInteger(axis);
  return list.length > 0 && list.every(isAxis) ? list : refuse(where, 'an axis, or an array of axes', value);
};

/** Reads a constraint option of a layer. */
export const constraint: Reader<Bounds> = (value, where) => {
  const given = typeof value === 'object' && value !== null ? value : { kind: oneOf(names)(value, where) };
  const kind = oneOf(names)('kind' in given ? given.kind : undefined, `${where}.kind`);
  const known = { kind: oneOf([kind]), axis: optional(axisReader, [0]) };
  switch (kind) {
    case 'nonNeg':
      fields(given, where, { kind: known.kind });
      return kind;
    case 'maxNorm': {
      const { axis, maxValue } = fields(given, where, { ...known, maxValue: optional(positive, 2) });
      return { least: 0, most: maxValue, rate: 1, axes: axis };
    }
    case 'unitNorm':
      return { least: 1, most: 1, rate: 1, axes: fields(given, where, known).axis };
    case 'minMaxNorm': {
      const own = { minValue: optional(nonNegative, 0), maxValue: optional(positive, 1), rate: optional(share, 1) };
      const { axis, minValue, maxValue, rate } = fields(given, where, { ...known, ...own });
      if (minValue > maxValue) refuse(`${where}: minValue`, `no more than maxValue, ${maxValue}`, minValue);
      return { least: minValue, most: maxValue, rate, axes: axis };
    }
  }
};
