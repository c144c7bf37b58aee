import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, number, optional } from '../options/options.js';
import { add, multiply } from '../plan/size.js';
import { onlyInput } from './expectations.js';
import { makeLayer } from './make-layer.js';
import {
  alongFeatures,
  normalizingReaders,
  normalizingWeights,
  type NormalizingConfig,
  type NormalizingOptions,
} from './normalizing.js';

export interface GroupNormalizationOptions extends LayerOptions, NormalizingOptions {
  /** How many groups the features fall into; −1: each is one. Default 32. */
  groups?: number;
}

export interface GroupNormalizationConfig extends NormalizingConfig {
  readonly groups: number;
}

const definition: LayerDefinition<GroupNormalizationConfig> = {
  className: 'GroupNormalization',
  needsWhole: () => true,
  outputs: (config, call, name) => {
    const { groups } = config;
    const { shape, features } = onlyInput(name, call);
    if (shape.length > 3)
      mismatch(name, 'an input of shape [batch, features] or [batch, time, features]', printShape(shape));
    if (groups > 0 && features % groups > 0) mismatch(`${name}: groups`, `a divisor of ${features} features`, groups);
    return alongFeatures(config, call, name);
  },
  weights: normalizingWeights,
  forward: (context, { groups, epsilon }) => {
    const { steps, batch } = context;
    const [gamma, beta, features] = [context.vector('gamma'), context.vector('beta'), context.features()];
    const moments = context.scratch('moments', [add(multiply(2, batch), 4)], features);
    const sizes = [steps, batch, features, groupsOf(groups, features)] as const;
    context.emit('groupNormalization', context.input(), gamma, beta, context.result(), moments, ...sizes, epsilon);
  },
};

/** Of −1 as many as there are features. */
export function groupsOf(groups: number, features: number): number {
  return groups === -1 ? features : groups;
}

/**
 * The features of a sequence fall into groups; each group gets mean 0 and variance 1 over all steps, masked ones too, then each
 * feature a gain and an offset (Wu & He 2018). [batch, time, features] or [batch, features] → the same. As
 * `keras.layers.GroupNormalization`. Weights: gamma [features], beta [features]. Over time it needs the whole sequence: no
 * streams.
 * @throws TypeError for an option that is unknown or out of range, or features that do not fall into so many groups.
 */
export function groupNormalization(
  options: GroupNormalizationOptions = {},
): Layer<GroupNormalizationConfig, SymbolicTensor> {
  return makeLayer(definition, readers, options);
}

const count = number('a positive integer or -1', (n) => n === -1 || (Number.isSafeInteger(n) && n > 0));

const readers = { groups: optional(count, 32), ...normalizingReaders };
