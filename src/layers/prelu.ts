import type { ConstraintOption } from '../constraints/constraint.js';
import type { ForwardContext } from '../graph/context.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape, type Shape } from '../graph/shape.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { forTraining, mismatch, optional, positiveInteger, type Reader } from '../options/options.js';
import { quad, type Size } from '../plan/size.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import { onlyInput, sameSteps } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface PReLUOptions extends LayerOptions {
  /** Axes, the first behind the batch is 1, along which one slope serves all: [1] for one of each feature at all steps. Default: none. */
  sharedAxes?: number | readonly number[];
  /** Default 'zeros'. */
  alphaInitializer?: InitializerOption;
  /** A penalty that is added to the loss. Default: none. */
  alphaRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  alphaConstraint?: ConstraintOption;
}

export interface PReLUConfig {
  readonly sharedAxes: readonly number[];
}

const definition: LayerDefinition<PReLUConfig> = {
  className: 'PReLU',
  outputs: (config, call, name) => {
    const { shape } = onlyInput(name, call);
    const { length } = shape;
    const beyond = config.sharedAxes.find((axis) => axis >= length);
    if (beyond !== undefined) mismatch(name, `sharedAxes from 1 to ${length - 1}`, beyond);
    if (length > 3 || slopesOf(config, shape).includes(null)) {
      mismatch(name, 'an input of rank 2 or 3, of known length along the axes that are not shared', printShape(shape));
    }
    return sameSteps(name, call, onlyInput);
  },
  weights: (options, _features, shape) => [
    { name: 'alpha', shape: slopesOf(options, shape).map((length) => length ?? 1), padded: true },
  ],
  // Where each step has slopes of its own, only the whole sequence will do.
  needsWhole: ({ sharedAxes }) => !sharedAxes.includes(1),
  forward: (context, config) => {
    context.emit('prelu', context.input(), context.vector('alpha'), context.result(), ...preluSizes(context, config));
  },
};

/** Axes of the slopes: those of the input without the batch, of length 1 where they are shared. */
function slopesOf({ sharedAxes }: PReLUConfig, shape: Shape): Shape {
  return shape.slice(1).map((length, i) => (sharedAxes.includes(i + 1) ? 1 : length));
}

/** What the kernels want: steps, batch, features, the bytes from one step's slopes to the next, and whether features share one. */
export function preluSizes(context: ForwardContext, { sharedAxes }: PReLUConfig): [Size, Size, number, number, 0 | 1] {
  const { steps, batch } = context;
  const [features, last] = [context.features(), context.viewOf(0).lengths.length - 1];
  const isShared = sharedAxes.includes(last);
  const ofEachStep = last === 2 && !sharedAxes.includes(1);
  return [steps, batch, features, ofEachStep ? 4 * quad(isShared ? 1 : features) : 0, isShared ? 1 : 0];
}

/**
 * x, below 0 alpha ⊙ x, with slopes that are trained (He et al. 2015). [batch, features] or [batch, time, features] → the same. As
 * `keras.layers.PReLU`. Weight: alpha, the input's shape without the batch, 1 along the shared axes: where steps have slopes of
 * their own, the length must be known, and the layer does not stream.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function prelu(options: PReLUOptions = {}): Layer<PReLUConfig, SymbolicTensor> {
  return makeLayer(definition, readers, options);
}

const axes: Reader<readonly number[]> = (value, where) =>
  (Array.isArray(value) ? value : [value]).map((axis: unknown) => positiveInteger(axis, where));

const readers = { sharedAxes: optional(axes, []), alphaInitializer: forTraining<InitializerOption>('zeros') };
