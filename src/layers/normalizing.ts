import type { ConstraintOption } from '../constraints/constraint.js';
import type { DeclaredWeight, DerivedVector } from '../graph/weights.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, optional, positive, refuse, type Reader } from '../options/options.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';

/* What the layers that normalise share: each feature gets a gain γ and an offset β behind it. */

export interface NormalizingOptions {
  /** The axis with a gain and an offset for each index: −1, the features. */
  axis?: -1;
  /** What is added to a variance before its root is taken. Default 0.001. */
  epsilon?: number;
  /** Whether there is an offset, beta. Default true. */
  center?: boolean;
  /** Whether there is a gain, gamma. Default true. */
  scale?: boolean;
  /** Default 'zeros'. */
  betaInitializer?: InitializerOption;
  /** Default 'ones'. */
  gammaInitializer?: InitializerOption;
  /** Penalties that are added to the loss. Default: none. */
  betaRegularizer?: RegularizerOption;
  gammaRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  betaConstraint?: ConstraintOption;
  gammaConstraint?: ConstraintOption;
}

export interface NormalizingConfig {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
}

/** Normalisation goes along the features, as they lie in a row. */
export const lastAxis: Reader<-1> = (value, where) => (value === -1 ? value : refuse(where, '-1, the features', value));

export const normalizingReaders = {
  axis: optional(lastAxis, -1),
  epsilon: optional(positive, 1e-3),
  center: optional(flag, true),
  scale: optional(flag, true),
  gammaInitializer: forTraining<InitializerOption>('ones'),
  betaInitializer: forTraining<InitializerOption>('zeros'),
};

/** gamma and beta [features], those that the layer has. */
export function normalizingWeights({ scale, center }: NormalizingConfig, features: number): DeclaredWeight[] {
  const names = [...(scale ? ['gamma'] : []), ...(center ? ['beta'] : [])];
  return names.map((name) => ({ name, shape: [features] }));
}

/** What is multiplied by, 'factors': γ / max(√(σ² + ε), least), or with `invert` √σ². Computed anew when the weights change. */
export function scaleOf(
  variance: string,
  features: number,
  epsilon: number,
  least: number,
  invert: 0 | 1 = 0,
): DerivedVector {
  return {
    name: 'factors',
    features,
    compute: (weights, to) => {
      const [from, gamma] = [weights.vector(variance), weights.vector('gamma')];
      weights.workspace.kernels.deviationScale(from, gamma, to, features, epsilon, least, invert);
    },
  };
}
