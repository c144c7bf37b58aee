import { finite, fields, oneOf, optional, positive, type Reader } from '../options/options.js';

/**
 * How the first values of a weight are made. Data only; `src/training/initialize.ts` makes the values, so that inference
 * needs no random numbers.
 */
export type Initializer =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  | { readonly kind: 'constant'; readonly value: number }
  | VarianceScaling
  | Uniform
  | Normal
  | { readonly kind: 'orthogonal'; readonly gain: number };

/** Deviation √(scale / n), where n is the fan named by `mode`; Glorot & Bengio 2010, He et al. 2015, LeCun et al. 1998. */
export interface VarianceScaling {
  readonly kind: 'varianceScaling';
  readonly scale: number;
  readonly mode: 'fanIn' | 'fanOut' | 'fanAverage';
  readonly distribution: 'uniform' | 'truncatedNormal';
}

/** Evenly from `minval` to `maxval`. */
export interface Uniform {
  readonly kind: 'randomUniform';
  readonly minval: number;
  readonly maxval: number;
}

/** Normal; truncated: drawn from within two deviations. */
export interface Normal {
  readonly kind: 'randomNormal' | 'truncatedNormal';
  readonly mean: number;
  readonly stddev: number;
}

const uniform: Uniform = { kind: 'randomUniform', minval: -0.05, maxval: 0.05 };
const normal = { mean: 0, stddev: 0.05 };

const named = {
  zeros: { kind: 'zeros' },
  ones: { kind: 'ones' },
  glorotUniform: varianceScaling(1, 'fanAverage', 'uniform'),
  glorotNormal: varianceScaling(1, 'fanAverage', 'truncatedNormal'),
  heUniform: varianceScaling(2, 'fanIn', 'uniform'),
  heNormal: varianceScaling(2, 'fanIn', 'truncatedNormal'),
  lecunUniform: varianceScaling(1, 'fanIn', 'uniform'),
  lecunNormal: varianceScaling(1, 'fanIn', 'truncatedNormal'),
  orthogonal: { kind: 'orthogonal', gain: 1 },
  // Keras's short name for what embeddings start with.
  uniform,
  randomUniform: uniform,
  randomNormal: { kind: 'randomNormal', ...normal },
  truncatedNormal: { kind: 'truncatedNormal', ...normal },
} as const satisfies Record<string, Initializer>;

export type InitializerName = keyof typeof named;

/** What an option such as `kernelInitializer` takes: a name, or an object of `initializers`. */
export type InitializerOption = InitializerName | Initializer;

function varianceScaling(
  scale: number,
  mode: VarianceScaling['mode'],
  distribution: VarianceScaling['distribution'],
): VarianceScaling {
  return { kind: 'varianceScaling', scale, mode, distribution };
}

/** Initialisers with options, by Keras's names: `layers.dense({ units: 1, kernelInitializer: initializers.constant({ value: 0.5 }) })`. */
export const initializers = {
  zeros: (): Initializer => named.zeros,
  ones: (): Initializer => named.ones,
  /** Every value the same; `value` defaults to 0. */
  constant: (options: { value?: number } = {}): Initializer => ({ kind: 'constant', value: 0, ...options }),
  /** Defaults: scale 1, fanIn, truncatedNormal. */
  varianceScaling: (options: Partial<Omit<VarianceScaling, 'kind'>> = {}): Initializer => ({
    ...varianceScaling(1, 'fanIn', 'truncatedNormal'),
    ...options,
  }),
  /** Defaults: from −0.05 to 0.05. */
  randomUniform: (options: Partial<Omit<Uniform, 'kind'>> = {}): Initializer => ({ ...uniform, ...options }),
  /** Defaults: mean 0, deviation 0.05. */
  randomNormal: (options: Partial<Omit<Normal, 'kind'>> = {}): Initializer => ({
    kind: 'randomNormal',
    ...normal,
    ...options,
  }),
  truncatedNormal: (options: Partial<Omit<Normal, 'kind'>> = {}): Initializer => ({
    kind: 'truncatedNormal',
    ...normal,
    ...options,
  }),
  glorotUniform: (): Initializer => named.glorotUniform,
  glorotNormal: (): Initializer => named.glorotNormal,
  heUniform: (): Initializer => named.heUniform,
  heNormal: (): Initializer => named.heNormal,
  lecunUniform: (): Initializer => named.lecunUniform,
  lecunNormal: (): Initializer => named.lecunNormal,
  /** A matrix with orthonormal rows or columns times `gain` (default 1); Saxe et al. 2014. */
  orthogonal: (options: { gain?: number } = {}): Initializer => ({ kind: 'orthogonal', gain: 1, ...options }),
};

const names = Object.keys(named) as InitializerName[];

const kinds = [
  'zeros',
  'ones',
  'constant',
  'varianceScaling',
  'orthogonal',
  'randomUniform',
  'randomNormal',
  'truncatedNormal',
] as const;

/** Reads an initialiser option of a layer. */
export const initializer: Reader<Initializer> = (value, where) => {
  if (typeof value !== 'object' || value === null) return named[oneOf(names)(value, where)];
  const kind = oneOf(kinds)('kind' in value ? value.kind : undefined, `${where}.kind`);
  const known = { kind: oneOf([kind]) };
  switch (kind) {
    case 'constant':
      return fields(value, where, { ...known, value: optional(finite, 0) }) as Initializer;
    case 'orthogonal':
      return fields(value, where, { ...known, gain: optional(finite, 1) }) as Initializer;
    case 'varianceScaling':
      return fields(value, where, {
        ...known,
        scale: optional(positive, 1),
        mode: optional(oneOf(['fanIn', 'fanOut', 'fanAverage']), 'fanIn'),
        distribution: optional(oneOf(['uniform', 'truncatedNormal']), 'truncatedNormal'),
      }) as Initializer;
    case 'randomUniform':
      return fields(value, where, {
        ...known,
        minval: optional(finite, uniform.minval),
        maxval: optional(finite, uniform.maxval),
      }) as Initializer;
    case 'randomNormal':
    case 'truncatedNormal':
      return fields(value, where, {
        ...known,
        mean: optional(finite, normal.mean),
        stddev: optional(positive, normal.stddev),
      }) as Initializer;
    default:
      return fields(value, where, known) as Initializer;
  }
};
