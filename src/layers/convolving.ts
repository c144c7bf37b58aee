import type { ActivationName } from '../activations/activation.js';
import type { ForwardContext, TimeBehaviour } from '../graph/context.js';
import type { Matrix, PackedBlock } from '../graph/weights.js';
import { mismatch, optional } from '../options/options.js';
import { add, multiply, subtract } from '../plan/size.js';
import { affinePacking, emitActivation, part } from './affine.js';
import {
  anyPadding,
  firstDue,
  length,
  lookahead,
  paddedBefore,
  streamCapacity,
  type Padding,
  type Windows,
} from './windows.js';

/*
 * What Conv1D and DepthwiseConv1D share. A tap is one step of a window; the input's features and the outputs fall into
 * `groups` equal parts, and the outputs of a part see only its features.
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

export function windowsOf({ kernelSize, dilationRate, strides, padding }: WindowConfig): Windows {
  return { span: (kernelSize - 1) * dilationRate + 1, strides, padding };
}

/** Keras refuses strides together with dilation. */
export function checkStrides(name: string, { strides, dilationRate }: Omit<WindowConfig, 'padding'>): void {
  if (strides > 1 && dilationRate > 1) mismatch(name, 'strides or dilationRate of 1', `${strides} and ${dilationRate}`);
}

export function convolutionTime(config: WindowConfig): TimeBehaviour {
  const windows = windowsOf(config);
  const reach = windows.span - 1;
  const half = Math.floor(reach / 2);
  const [history, padding] = { valid: [0, 0], same: [half, reach - half], causal: [reach, 0] }[windows.padding];
  return { lookahead: lookahead(windows), history: history ?? 0, padding: padding ?? 0 };
}

/** Panels of a kernel [taps, inputs / groups, outputs]; for the way back each tap's, transposed within its group. */
export function convolutionPacking(
  weight: string,
  useBias: boolean,
  taps: number,
  { inputs, outputs, groups }: Channels,
): readonly PackedBlock[] {
  const [seen, ofGroup] = [inputs / groups, outputs / groups];
  const [kernel, bias] = affinePacking(useBias, taps * seen, outputs);
  const transposed = Array.from({ length: taps }, (_, tap): Matrix => {
    const axes = [
      { count: groups, from: 4 * ofGroup, to: 4 * seen },
      { count: ofGroup, from: 4, to: 4 * inputs },
      { count: seen, from: 4 * outputs, to: 4 },
    ];
    return { rows: ofGroup, columns: inputs, copy: { axes, fromOffset: 4 * tap * seen * outputs } };
  });
  return [{ ...kernel, parts: [part(weight, outputs)], transposed }, bias];
}

/** y = φ(bias + Σ_tap x·kernel[tap]) for every window. The input is read in place, never copied into columns. */
export function emitConvolution(
  context: ForwardContext,
  config: WindowConfig & { readonly activation: ActivationName },
  { inputs, outputs, groups }: Channels,
): void {
  const { kernelSize, dilationRate, strides, activation } = config;
  const windows = windowsOf(config);
  const history = windows.span - 1;
  const { batch, steps, outputSteps } = context;
  const [x, y] = [context.input(), context.result()];
  const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
  const stepBytes = multiply(batch, x.rowBytes);
  if (context.streaming && (history > 0 || strides > 1)) {
    const capacity = streamCapacity(history);
    context.emit(
      'convolutionStream',
      context.history('history', add(16, multiply(capacity, stepBytes))),
      x,
      kernel,
      bias,
      y,
      steps,
      batch,
      kernelSize,
      dilationRate,
      1,
      strides,
      firstDue(windows, context.stepsBefore),
      0,
      inputs,
      outputs,
      groups,
      capacity,
    );
  } else {
    const before = paddedBefore(windows, steps, outputSteps);
    if (strides === 1 && groups === 1) {
      context.emit(
        'product',
        { tensor: x, offset: multiply(multiply(-1, before), stepBytes) },
        x.rowBytes,
        kernel,
        bias,
        y,
        y.rowBytes,
        multiply(outputSteps, batch),
        kernelSize,
        multiply(dilationRate, stepBytes),
        inputs,
        outputs,
      );
    } else {
      context.emit(
        'convolution',
        x,
        kernel,
        bias,
        y,
        outputSteps,
        batch,
        kernelSize,
        dilationRate,
        1,
        strides,
        subtract(history, before),
        0,
        inputs,
        outputs,
        groups,
      );
    }
  }
  emitActivation(context, activation, y, y, outputs);
}
