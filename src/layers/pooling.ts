import type { ForwardContext } from '../graph/context.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { optional } from '../options/options.js';
import { less, subtract } from '../plan/size.js';
import { makeLayer } from './make-layer.js';
import {
  anyPadding,
  dependsOnEnd,
  firstDue,
  length,
  otherSteps,
  paddedBefore,
  streamCapacity,
  windowCount,
  type Padding,
  type Windows,
} from './windows.js';

/* What MaxPooling1D and AveragePooling1D share: all but what is made of a window. */

export interface PoolingOptions extends LayerOptions {
  /** Length of the window. Default 2. */
  poolSize?: number | readonly [number];
  /** Steps from one window to the next. Default: poolSize. */
  strides?: number | readonly [number];
  /**
   * 'valid': windows lie inside the sequence; 'same': a window for each stride, half of what is missing before and half behind;
   * 'causal': likewise, but a window ends with its step. What is missing does not count. Default 'valid'.
   */
  padding?: Padding;
}

export interface PoolingConfig {
  readonly poolSize: number;
  readonly strides: number | undefined;
  readonly padding: Padding;
}

export type PoolingLayer = Layer<PoolingConfig, SymbolicTensor>;

export function poolingWindows({ poolSize, strides = poolSize, padding }: PoolingConfig): Windows {
  return { span: poolSize, strides, padding };
}

/** Whether the kernels take the mean of a window: 1, or its greatest value: 0. */
export function isAverage({ className }: LayerDefinition<never>): 0 | 1 {
  return className.includes('Average') ? 1 : 0;
}

export function poolingDefinition(className: string): LayerDefinition<PoolingConfig> {
  const definition: LayerDefinition<PoolingConfig> = {
    className,
    needsWhole: (config) => dependsOnEnd(poolingWindows(config)),
    steps: (config, steps) => windowCount(poolingWindows(config), steps),
    outputs: (config, call, name) => otherSteps(name, call, (steps) => windowCount(poolingWindows(config), steps)),
    forward: (context, config) => {
      const windows = poolingWindows(config);
      if (context.streaming) {
        emitPoolStream(context, isAverage(definition), windows, windows.span, windows.span);
        return;
      }
      const { steps, outputSteps, batch } = context;
      const before = paddedBefore(windows, steps, outputSteps);
      const [x, y] = [context.input(), context.result()];
      const { span, strides } = windows;
      context.emit(
        'pool',
        x,
        y,
        isAverage(definition),
        steps,
        outputSteps,
        batch,
        context.features(),
        span,
        strides,
        before,
      );
    },
  };
  return definition;
}

/** In a stream: windows of steps that came before as well, the oldest `size` of the `reach` up to the newest that is waited for. */
export function emitPoolStream(
  context: ForwardContext,
  average: 0 | 1,
  windows: Windows,
  size: number,
  reach: number,
): void {
  const [x, y] = [context.input(), context.result()];
  const { steps, stepsBefore, batch } = context;
  const history = reach - 1;
  const capacity = streamCapacity(history);
  context.emit(
    'poolStream',
    context.history(history, capacity),
    x,
    y,
    average,
    steps,
    batch,
    context.features(),
    size,
    reach,
    windows.strides,
    firstDue(windows, stepsBefore),
    history === 0 ? 0 : subtract(stepsBefore, less(stepsBefore, history)),
    capacity,
  );
}

export function poolingLayer(definition: LayerDefinition<PoolingConfig>, options: PoolingOptions): PoolingLayer {
  const readers = { poolSize: optional(length, 2), strides: optional(length, undefined), padding: anyPadding };
  return makeLayer(definition, readers, options);
}
