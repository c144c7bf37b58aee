import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import { fields, rate as rateReader } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { batch } from '../plan/size.js';
import { commonFields, commonOptions, titleOf } from './common.js';
import { noInitialState, onlyInput, sameSteps } from './expectations.js';

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
  time: () => ({ lookahead: 0, history: 0 }),
  outputs: (_config, call, name) => {
    noInitialState(name, call);
    const x = onlyInput(name, call);
    return [sameSteps(x, x.features)];
  },
  isIdentity: ({ rate }, random) => !random || rate === 0,
  forward: (context) => {
    emitDropout(context, context.config.rate, context.input(), context.result(), false);
  },
};

/**
 * In training, drops values at random and scales the others by 1 / (1 − rate) (Srivastava et al. 2014); at inference nothing.
 * What is dropped depends on seed, epoch, sample, step and feature alone, not on the batch. Any shape → the same.
 * As `keras.layers.Dropout`.
 * @throws TypeError for a rate outside [0, 1).
 */
export function dropout(options: DropoutOptions): Layer<DropoutConfig, SymbolicTensor> {
  const { rate, ...common } = fields(options, titleOf(options, 'dropout'), { ...commonFields, rate: rateReader });
  return new Layer(definition, { rate }, commonOptions(common), true);
}

/** The same step serves forward (values) and backward (gradients, added): what is kept is counted, not stored. */
export function emitDropout(
  context: ForwardContext<unknown>,
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
