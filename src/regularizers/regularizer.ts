import { fields, nonNegative, oneOf, optional, type Reader } from '../options/options.js';

/**
 * What is added to a loss for the size of a weight, or of a layer's outputs: l1 · Σ |w| + l2 · Σ w². Data only;
 * `src/training/penalties.ts` computes it.
 */
export interface Regularizer {
  readonly kind: 'l1l2';
  readonly l1: number;
  readonly l2: number;
}

/** Regularisers with options, by Keras's names: `layers.dense({ units: 1, kernelRegularizer: regularizers.l2({ l2: 0.001 }) })`. */
export const regularizers = {
  /** l1 · Σ |w| (Tibshirani 1996); l1 defaults to 0.01. */
  l1: (options: { readonly l1?: number } = {}): Regularizer => ({
    kind: 'l1l2',
    l2: 0,
    ...fields(options, 'regularizers.l1', { l1: optional(nonNegative, 0.01) }),
  }),
  /** l2 · Σ w² (Krogh & Hertz 1991); l2 defaults to 0.01. */
  l2: (options: { readonly l2?: number } = {}): Regularizer => ({
    kind: 'l1l2',
    l1: 0,
    ...fields(options, 'regularizers.l2', { l2: optional(nonNegative, 0.01) }),
  }),
  /** Both (Zou & Hastie 2005); each defaults to 0. */
  l1l2: (options: { readonly l1?: number; readonly l2?: number } = {}): Regularizer => ({
    kind: 'l1l2',
    ...fields(options, 'regularizers.l1l2', { l1: optional(nonNegative, 0), l2: optional(nonNegative, 0) }),
  }),
};

export type RegularizerName = keyof typeof regularizers;

/** What an option such as `kernelRegularizer` takes: a name, or an object of `regularizers`. */
export type RegularizerOption = RegularizerName | Regularizer;

/** Reads a regulariser option of a layer. */
export const regularizer: Reader<Regularizer> = (value, where) => {
  if (typeof value !== 'object' || value === null) {
    return regularizers[oneOf(Object.keys(regularizers) as RegularizerName[])(value, where)]();
  }
  return fields(value, where, { kind: oneOf(['l1l2']), l1: optional(nonNegative, 0), l2: optional(nonNegative, 0) });
};
