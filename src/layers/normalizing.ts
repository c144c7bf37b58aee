import type { ConstraintOption } from '../constraints/constraint.js';
import type { Call, OutputSpec } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { DeclaredWeight, DerivedVector } from '../graph/weights.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, mismatch, optional, positive } from '../options/options.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import { axisButTheBatch, onlyInput, sameSteps } from './expectations.js';

/* What the layers that normalise share: each feature gets a gain γ and an offset β behind it. */

export interface NormalizingOptions {
  /** The axis with a gain and an offset for each index: the features, as −1 or by the axis's number. Default −1. */
  axis?: number;
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

export interface NormalizingConfig extends AxisConfig {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
}

export interface AxisConfig {
  readonly axis: number;
}

export const axisReader = /* @__PURE__ */ optional(axisButTheBatch, -1);

/** As the input is. Normalisation goes along the features, as they lie in a row. */
export function alongFeatures({ axis }: AxisConfig, call: Call, name: string): readonly [OutputSpec] {
  const { shape } = onlyInput(name, call);
  if (axis !== -1 && axis !== shape.length - 1) mismatch(`${name}: axis`, `the last one of ${printShape(shape)}`, axis);
  return sameSteps(name, call, onlyInput);
}

export const normalizingReaders = {
  axis: axisReader,
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
