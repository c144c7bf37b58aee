import type { ActivationName } from '../activations/activation.js';
import type { ForwardContext, Room } from '../graph/context.js';
import type { LayerDefinition } from '../graph/layer.js';
import { mismatch, optional } from '../options/options.js';
import { multiply, subtract, type Size } from '../plan/size.js';
import { affinePacking, affineWeights, emitActivation } from './affine.js';
import { sequenceInput } from './expectations.js';
import {
  anyPadding,
  dependsOnEnd,
  firstDue,
  length,
  otherSteps,
  paddedBefore,
  type Padding,
  streamCapacity,
  windowCount,
  type Windows,
} from './windows.js';

/*
 * What convolutions share: all of Conv1D and DepthwiseConv1D but their options, and the steps of Conv1DTranspose. A tap is one
 * step of a window; the input's features and the outputs fall into `groups` equal parts, and the outputs of a part see only its
 * features.
 */

/** How long the window is, and where windows are. */
export interface WindowOptions {
  /** Length of the window in taps. */
  kernelSize: number | readonly [number];
  /** Steps from one window to the next. Default 1. */
  strides?: number | readonly [number];
  /** Steps from one tap to the next; with strides over 1 it must be 1. Default 1. */
  dilationRate?: number | readonly [number];
  /**
   * 'valid': windows lie inside the sequence, whose output is shorter; 'same': as many outputs as steps, zeros around;
   * 'causal': likewise, but an output sees its own step and earlier ones. Default 'valid'.
   */
  padding?: Padding;
}

export interface WindowConfig {
  readonly kernelSize: number;
  readonly strides: number;
  readonly dilationRate: number;
  readonly padding: Padding;
}

export const windowReaders = {
  kernelSize: length,
  strides: /* @__PURE__ */ optional(length, 1),
  dilationRate: /* @__PURE__ */ optional(length, 1),
  padding: anyPadding,
};

/** Between which features a kernel lies. */
export interface Channels {
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
}

export interface ConvolutionConfig extends WindowConfig {
  readonly activation: ActivationName;
  readonly useBias: boolean;
}

/** A layer of windows and kernels. */
export interface ConvolutionDefinition<C> extends LayerDefinition<C> {
  channels(config: C, features: number): Channels;
}

/**
 * @param weight the kernel's name
 * @param axes the last two of the kernel's shape
 */
export function convolutionDefinition<C extends ConvolutionConfig>(
  className: string,
  weight: string,
  channels: (config: C, features: number) => Channels,
  axes: (channels: Channels) => readonly [number, number],
): ConvolutionDefinition<C> {
  const count = (config: C, steps: Size): Size => windowCount(windowsOf(config), steps);
  return {
    className,
    channels,
    needsWhole: (config) => dependsOnEnd(windowsOf(config)),
    room: roomOf,
    steps: count,
    outputs: (config, call, name) => {
      const { inputs, outputs, groups } = channels(config, sequenceInput(name, call).features);
      if (inputs % groups !== 0) mismatch(name, `features in ${groups} equal groups`, inputs);
      return otherSteps(name, call, (steps) => count(config, steps), outputs);
    },
    weights: (config, features) => {
      const ofFeatures = channels(config, features);
      const shape = [config.kernelSize, ...axes(ofFeatures)];
      return affineWeights(config.useBias, shape, ofFeatures.outputs, weight);
    },
    packing: (config, features) => {
      const { inputs, outputs, groups } = channels(config, features);
      return affinePacking(config.useBias, (config.kernelSize * inputs) / groups, outputs, 1, weight);
    },
    forward: (context, config) => {
      const { kernelSize, dilationRate, strides, activation } = config;
      const { steps, outputSteps } = context;
      const ofFeatures = channels(config, context.features());
      const windows = windowsOf(config);
      const before = paddedBefore(windows, steps, outputSteps);
      const history = windows.span - 1;
      const isPlain = strides === 1 && ofFeatures.groups === 1;
      if (isPlain && (history === 0 || !context.streaming)) emitPlain(context, config, ofFeatures, before);
      else if (isPlain && config.padding === 'causal' && typeof steps === 'object' && steps.op === 'symbol') {
        emitFromHistory(context, config, ofFeatures);
      } else {
        const kernel = { ...ofFeatures, taps: kernelSize, dilation: dilationRate, up: 1, down: strides };
        const newest = context.streaming ? firstDue(windows, context.stepsBefore) : subtract(history, before);
        emitConvolution(context, kernel, newest, 0);
      }
      emitActivation(context, activation, context.result(), context.result(), ofFeatures.outputs);
    },
  };
}

export function windowsOf({ kernelSize, dilationRate, strides, padding }: WindowConfig): Windows {
  return { span: (kernelSize - 1) * dilationRate + 1, strides, padding };
}

/** Keras refuses strides together with dilation. */
export function checkStrides(name: string, { strides, dilationRate }: Omit<WindowConfig, 'padding'>): void {
  if (strides > 1 && dilationRate > 1) mismatch(name, 'strides or dilationRate of 1', `${strides} and ${dilationRate}`);
}

function roomOf(config: WindowConfig): Room {
  const reach = windowsOf(config).span - 1;
  const head = { valid: 0, same: Math.floor(reach / 2), causal: reach }[config.padding];
  return { head, tail: config.padding === 'same' ? reach - head : 0 };
}

/** A window at every step: the product takes the taps' rows where they are. */
function emitPlain(context: ForwardContext, config: WindowConfig, { inputs, outputs }: Channels, before: Size): void {
  const { kernelSize, dilationRate } = config;
  const { batch, outputSteps } = context;
  const [x, y] = [context.input(), context.result()];
  const stepBytes = multiply(batch, x.rowBytes);
  context.emit(
    'product',
    { tensor: x, offset: multiply(multiply(-1, before), stepBytes) },
    x.rowBytes,
    context.weights('kernel'),
    context.weights('bias'),
    y,
    y.rowBytes,
    multiply(outputSteps, batch),
    kernelSize,
    multiply(dilationRate, stepBytes),
    inputs,
    outputs,
  );
}

/** In a stream whose steps come as they are pushed: a product of what a history keeps, which the like of it may share. */
function emitFromHistory(context: ForwardContext, config: WindowConfig, { inputs, outputs }: Channels): void {
  const { kernelSize, dilationRate } = config;
  const { batch, rows } = context;
  const [x, y] = [context.input(), context.result()];
  const kept = (kernelSize - 1) * dilationRate;
  const capacity = streamCapacity(kept);
  const { tensor, isNew } = context.sharedHistory(kept, capacity);
  const history = multiply(batch, kept);
  if (isNew) context.emit('historyAppend', tensor, x, rows, x.rowBytes, history, multiply(batch, capacity));
  context.emit(
    'historyProduct',
    tensor,
    context.weights('kernel'),
    context.weights('bias'),
    y,
    y.rowBytes,
    rows,
    kernelSize,
    multiply(dilationRate, multiply(batch, x.rowBytes)),
    inputs,
    outputs,
    history,
  );
}

/** A kernel, as `convolution` knows it: `up` output steps for every `down` input steps. */
export interface Kernel extends Channels {
  readonly taps: number;
  readonly dilation: number;
  readonly up: number;
  readonly down: number;
}

/**
 * y = bias + Σ_tap x·kernel[tap]. The input is read in place, never copied into columns.
 * @param newest the newest input step that the first output step reads; in a stream counted from the first one that comes
 * @param skip output steps that are cut off before the first; in a stream those that are left of them
 */
export function emitConvolution(context: ForwardContext, kernel: Kernel, newest: Size, skip: Size): void {
  const { taps, dilation, up, down, inputs, outputs, groups } = kernel;
  const { batch, streaming } = context;
  const x = context.input();
  const args = [
    x,
    context.weights('kernel'),
    context.weights('bias'),
    context.result(),
    streaming ? context.steps : context.outputSteps,
    batch,
    taps,
    dilation,
    up,
    down,
    newest,
    skip,
    inputs,
    outputs,
    groups,
  ] as const;
  if (streaming) {
    const history = (Math.ceil(taps / up) - 1) * dilation;
    const capacity = streamCapacity(history);
    const state = context.history(history, capacity);
    context.emit('convolutionStream', state, ...args, capacity);
  } else context.emit('convolution', ...args);
}
