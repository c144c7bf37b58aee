import { activation, type ActivationName, type ActivationOption } from '../activations/activation.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import type { Matrix } from '../graph/weights.js';
import { mismatch, nonNegativeInteger, oneOf, optional, positiveInteger } from '../options/options.js';
import { addToAny, less, multiply } from '../plan/size.js';
import {
  affinePacking,
  affineWeights,
  affineReaders,
  emitActivation,
  part,
  type AffineConfig,
  type AffineTraining,
} from './affine.js';
import { checkStrides, emitConvolution } from './convolving.js';
import { makeLayer } from './make-layer.js';
import { length, oneAxis, otherSteps } from './windows.js';

export interface Conv1DTransposeOptions extends LayerOptions, AffineTraining {
  /** Number of output channels. */
  filters: number;
  /** Length of the window in taps. */
  kernelSize: number | readonly [number];
  /** Output steps from one input step to the next. Default 1. */
  strides?: number | readonly [number];
  /** 'valid': all that a window reaches; 'same': strides · time steps, of the rest half is cut off before. Default 'valid'. */
  padding?: 'valid' | 'same';
  /** Steps more at the end; less than strides. Default: so many that the output has the length that padding says. */
  outputPadding?: number | readonly [number];
  /** Steps from one tap to the next; with strides over 1 it must be 1. Default 1. */
  dilationRate?: number | readonly [number];
  /** Default 'linear'. */
  activation?: ActivationOption;
  /** Default true. */
  useBias?: boolean;
}

export interface Conv1DTransposeConfig extends AffineConfig {
  readonly filters: number;
  readonly kernelSize: number;
  readonly strides: number;
  readonly padding: 'valid' | 'same';
  readonly outputPadding: number | undefined;
  readonly dilationRate: number;
  readonly activation: ActivationName;
}

/** Of an output of steps·strides + `extra` steps (none of none) `cropped` are cut off before the first. */
export interface Extent {
  readonly extra: number;
  readonly cropped: number;
}

/** Keras 3, backend/common/backend_utils.py: what it calls the kernel size there is the span of the taps. */
export function extentOf(config: Conv1DTransposeConfig): Extent {
  const { kernelSize, strides, padding, outputPadding, dilationRate } = config;
  const span = (kernelSize - 1) * dilationRate + 1;
  const isOdd = span % 2;
  if (padding === 'valid')
    return { extra: span - strides + (outputPadding ?? Math.max(0, strides - span)), cropped: 0 };
  const [extra, missing] =
    outputPadding === undefined
      ? [0, strides + span - 2]
      : [isOdd + outputPadding - strides, span + isOdd - 2 + outputPadding];
  return { extra, cropped: Math.max(0, span - 1 - Math.ceil(missing / 2)) };
}

/** Input steps that an output step reads before its newest one. */
function historyOf({ kernelSize, strides, dilationRate }: Conv1DTransposeConfig): number {
  return (Math.ceil(kernelSize / strides) - 1) * dilationRate;
}

/**
 * Output step t has the taps of its phase t mod strides: the panels of each phase, [taps · features, filters] from the last tap
 * on, which reads the oldest input step.
 */
function phasesOf({ kernelSize, strides, filters }: Conv1DTransposeConfig, features: number): Matrix[] {
  const tap = 4 * filters * features;
  return Array.from({ length: Math.min(strides, kernelSize) }, (_, phase) => {
    const taps = Math.ceil((kernelSize - phase) / strides);
    const axes = [
      { count: taps, from: -strides * tap, to: tap },
      { count: features, from: 4, to: 4 * filters },
      { count: filters, from: 4 * features, to: 4 },
    ];
    const fromOffset = (phase + (taps - 1) * strides) * tap;
    return { rows: taps * features, columns: filters, copy: { axes, fromOffset } };
  });
}

const definition: LayerDefinition<Conv1DTransposeConfig> = {
  className: 'Conv1DTranspose',
  needsWhole: (config) => {
    const { extra, cropped } = extentOf(config);
    // A stream would have given more than the whole has.
    return extra + cropped < 0;
  },
  room: (config) => {
    const { extra, cropped } = extentOf(config);
    const { strides } = config;
    return { head: historyOf(config), tail: Math.max(0, Math.floor((strides + extra + cropped - 1) / strides)) };
  },
  steps: (config, steps) => less(multiply(steps, config.strides), extentOf(config).cropped),
  outputs: (config, call, name) =>
    otherSteps(
      name,
      call,
      (steps) => addToAny(multiply(steps, config.strides), extentOf(config).extra),
      config.filters,
    ),
  weights: (config, features) => {
    const { kernelSize, filters, useBias } = config;
    return affineWeights(useBias, [kernelSize, filters, features], filters);
  },
  packing: (config, features) => {
    const { useBias, kernelSize, filters } = config;
    const [kernel, bias] = affinePacking(useBias, kernelSize * features, filters);
    const parts = [{ ...part('kernel', filters), matrices: phasesOf(config, features) }];
    return [{ ...kernel, parts }, bias];
  },
  forward: (context, config) => {
    const { kernelSize, dilationRate, strides, filters } = config;
    const { cropped } = extentOf(config);
    const channels = { inputs: context.features(), outputs: filters, groups: 1 };
    const kernel = { ...channels, taps: kernelSize, dilation: dilationRate, up: strides, down: 1 };
    const isStream = context.streaming && cropped > 0;
    const skipped = isStream ? less(cropped, multiply(context.stepsBefore, strides)) : cropped;
    // Without strides, a stream skips an output by waiting for the next input step.
    if (isStream && strides === 1) emitConvolution(context, kernel, skipped, 0);
    else emitConvolution(context, kernel, 0, skipped);
    emitActivation(context, config.activation, context.result(), context.result(), filters);
  },
};

/**
 * The transposed convolution over time (Zeiler et al. 2010), as `keras.layers.Conv1DTranspose`: each input step adds a window to
 * the output, `strides` steps after that of the step before:
 *   y_{i·strides + tap·dilationRate − cropped} gets x_i · kernel_tapᵀ, then bias and activation
 * [batch, time, features] → [batch, steps, filters]: with span = (kernelSize − 1) · dilationRate + 1, 'valid' gives
 * (time − 1) · strides + max(span, strides) steps, 'same' time · strides. Weights: kernel [kernelSize, filters, features], bias
 * [filters]. A mask does not go on. A stream gives `strides` rows a step; what only the sequence's end completes it does not.
 * @throws TypeError for an option that is unknown or out of range, and for strides with dilation.
 */
export function conv1dTranspose(options: Conv1DTransposeOptions): Layer<Conv1DTransposeConfig, SymbolicTensor> {
  const readers = {
    filters: positiveInteger,
    kernelSize: length,
    strides: optional(length, 1),
    padding: optional(oneOf(['valid', 'same']), 'valid'),
    outputPadding: optional(oneAxis(nonNegativeInteger), undefined),
    dilationRate: optional(length, 1),
    activation: optional(activation, 'linear'),
    ...affineReaders,
  };
  const made = makeLayer<Conv1DTransposeConfig>(definition, readers, options);
  const { strides, outputPadding = 0 } = made.config;
  checkStrides(made.title, made.config);
  if (outputPadding >= strides)
    mismatch(`${made.title}: outputPadding`, `less than strides, ${strides}`, outputPadding);
  return made;
}
