import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import { rate as rateReader } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { batch } from '../plan/size.js';
import { onlyInput, sameSteps } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface DropoutOptions extends LayerOptions {
  /** Share of the values to drop, in [0, 1). */
  rate: number;
}

export interface DropoutConfig {
  readonly rate: number;
}

const definition: LayerDefinition<DropoutConfig> = {
  className: 'Dropout',
  baseName: 'dropout',
  outputs: (_config, call, name) => sameSteps(name, call, onlyInput),
  isIdentity: ({ rate }, random) => !random || rate === 0,
  forward: (context, { rate }) => {
    emitDropout(context, rate, context.input(), context.result(), false);
  },
};

/**
 * In training, drops values at random and scales the others by 1 / (1 − rate) (Srivastava et al. 2014); at inference nothing.
 * What is dropped depends on seed, epoch, sample, step and feature alone, not on the batch. Any shape → the same.
 * As `keras.layers.Dropout`.
 * @throws TypeError for a rate outside [0, 1).
 */
export function dropout(options: DropoutOptions): Layer<DropoutConfig, SymbolicTensor> {
  return makeLayer(definition, { rate: rateReader }, options);
}

/** The same step serves forward (values) and backward (gradients, added): what is kept is counted, not stored. */
export function emitDropout(
  context: ForwardContext,
  rate: number,
  from: PlanTensor,
  to: PlanTensor,
  accumulate: boolean,
): void {
  const { steps } = context;
  const { seed, stream, epoch, indices } = context.randomness('dropout');
  context.emit(
    'dropout',
    from,
    to,
    batch,
    steps,
    context.features(),
    rate,
    seed,
    stream,
    epoch,
    indices,
    accumulate ? 1 : 0,
  );
}
