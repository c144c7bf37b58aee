import type { ForwardContext } from '../graph/context.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { View } from '../graph/view.js';
import { flag, mismatch, optional, refuse, type Reader } from '../options/options.js';
import { known } from '../plan/known.js';
import type { PlanTensor } from '../plan/plan.js';
import type { Size } from '../plan/size.js';
import { makeLayer } from './make-layer.js';

export interface DotOptions extends LayerOptions {
  /** Which axis of both inputs, or of each, is summed over, counted with the batch; −1: the last one. */
  axes: number | readonly [number, number];
  /** Whether vectors are divided by their length before, so that the products are cosines. Default false. */
  normalize?: boolean;
}

export interface DotConfig {
  readonly axes: readonly [number, number];
  readonly normalize: boolean;
}

const axes: Reader<readonly [number, number]> = (value, where) => {
  const [first, second, ...more] = Array.isArray(value) ? (value as unknown[]) : [value, value];
  const isAxis = (axis: unknown): axis is number => Number.isInteger(axis) && axis !== 0;
  return isAxis(first) && isAxis(second) && more.length === 0
    ? [first, second]
    : refuse(where, 'an axis but the batch, or two', value);
};

/** An input as an array [batch, what stays, what is summed over]; a row [batch, features] is all summed over. */
export interface Operand {
  /** Bytes along batch, the free axis, the summed one. */
  readonly strides: readonly [Size, Size, Size];
  readonly free: Size;
  readonly summed: Size;
}

/** Seen along the axis that is summed over. */
export function operandOf({ lengths, strides }: View, axis: number): Operand {
  const along = axis < 0 ? lengths.length + axis : axis;
  const other = 3 - along;
  const [batch = 0] = strides;
  return {
    strides: [batch, lengths.length === 2 ? 0 : (strides[other] ?? 0), strides[along] ?? 0],
    free: lengths.length === 2 ? 1 : (lengths[other] ?? 1),
    summed: lengths[along] ?? 1,
  };
}

/** The product as an array [batch, free axis of a, free axis of b]. */
export function productStrides(context: ForwardContext): readonly [Size, Size, Size] {
  const { strides } = context.viewOf('output');
  const [batch = 0, first = 0, second = 0] = strides;
  if (strides.length === 3) return [batch, first, second];
  // One of the axes is a single value.
  return context.viewOf(0).lengths.length === 3 ? [batch, first, 0] : [batch, 0, first];
}

const definition: LayerDefinition<DotConfig> = {
  className: 'Dot',
  joins: (config, inputs) => (isOverTime(config, inputs) ? inputs : []),
  outputs: (config, { inputs, initialState }, name) => {
    const [a, b] = inputs;
    if (a === undefined || b === undefined || inputs.length + initialState.length !== 2) {
      mismatch(name, 'two inputs', inputs.length + initialState.length);
    }
    const free = [a, b].map((input, i) => freeAxis(name, input, config.axes[i] ?? 0));
    const [summedA, summedB] = [a, b].map((input, i) => input.shape.at(config.axes[i] ?? 0));
    // The steps of two sequences are counted when they come.
    const isCounted = isOverTime(config, inputs) && (summedA === null || summedB === null);
    if (summedA !== summedB && !isCounted) {
      mismatch(name, `axes of one length, as of ${printShape(a.shape)}`, printShape(b.shape));
    }
    const [batchSize = null] = a.shape;
    const others = free.filter((axis) => axis !== null);
    const [first, second] = others;
    const features = others.length === 0 ? 1 : (others.at(-1)?.length ?? null);
    if (features === null)
      mismatch(name, 'a last axis of known length', [a, b].map(({ shape: one }) => printShape(one)).join(' and '));
    const shape = second === undefined ? [batchSize, features] : [batchSize, first?.length ?? null, features];
    const time = second === undefined ? null : (first?.steps ?? first?.length ?? null);
    return [{ shape, time, batch: a.batch }];
  },
  needsWhole: () => true,
  forward: (context, config) => {
    const [a, b] = [0, 1].map((i) => vectorsOf(context, config, i));
    const z = context.result();
    context.emit('zero', z, z.bytes);
    emitDot(context, context.batch, known(a, 'an operand'), known(b, 'an operand'), [z, productStrides(context)], 0);
  },
};

/** Whether the axis that is summed over is the time of both. */
function isOverTime({ axes: wanted }: DotConfig, inputs: readonly SymbolicTensor[]): boolean {
  return inputs.every(({ shape }, i) => shape.length === 3 && [1, -2].includes(wanted[i] ?? 0));
}

/** The axis that is not summed over: its length, and its steps if it is time; null of a row. */
function freeAxis(
  name: string,
  { shape, time }: SymbolicTensor,
  axis: number,
): { readonly length: number | null; readonly steps: Size | null } | null {
  const along = axis < 0 ? shape.length + axis : axis;
  if (shape.length > 3 || along < 1 || along >= shape.length) {
    mismatch(name, 'inputs of rank 2 or 3 that have the axis', printShape(shape));
  }
  if (shape.length === 2) return null;
  return along === 1 ? { length: shape[2] ?? null, steps: null } : { length: shape[1] ?? null, steps: time };
}

type Vectors = readonly [PlanTensor, Operand];

/** An input's vectors, of length 1 where that is wanted; kept for the way back. */
export function vectorsOf(context: ForwardContext, { axes: wanted, normalize }: DotConfig, which: number): Vectors {
  const operand = operandOf(context.viewOf(which), wanted[which] ?? 0);
  const x = context.input(which);
  if (!normalize) return [context.keep(`vectors${which}`, x), operand];
  const { lengths } = context.viewOf(which);
  const [batch = 1, steps = 1] = lengths;
  const leading = lengths.length === 3 ? [steps, batch] : [batch];
  const y = context.scratch(`vectors${which}`, leading, context.features(which));
  context.emit('l2Normalize', x, y, ...normalizeArguments(context, wanted[which] ?? 0, which));
  return [y, operand];
}

/** Steps, batch, features, and whether vectors go through time. */
export function normalizeArguments(
  context: ForwardContext,
  axis: number,
  which: number,
): readonly [Size, Size, number, number] {
  const { lengths } = context.viewOf(which);
  const [batch = 1, steps = 1] = lengths;
  const isSequence = lengths.length === 3;
  const overTime = isSequence && (axis === 1 || axis === -2) ? 1 : 0;
  return [isSequence ? steps : 1, batch, context.features(which), overTime];
}

/** z(b, i, j) (+)= Σ_k a(b, i, k) · c(b, j, k); the axis whose values lie side by side comes last. */
export function emitDot(
  context: Pick<ForwardContext, 'emit'>,
  batch: Size,
  [a, one]: Vectors,
  [c, two]: Vectors,
  [z, [zBatch, zI, zJ]]: readonly [PlanTensor, readonly [Size, Size, Size]],
  accumulate: 0 | 1,
): void {
  if (zI === 4 && zJ !== 4) {
    emitDot(context, batch, [c, two], [a, one], [z, [zBatch, zJ, zI]], accumulate);
    return;
  }
  const sizes = [batch, one.free, two.free, one.summed] as const;
  context.emit('dot', a, c, z, ...sizes, ...one.strides, ...two.strides, zBatch, zI, zJ, accumulate);
}

/**
 * Sums of products along an axis of two inputs, for every combination of their other axes (Vaswani et al. 2017 score so):
 * [batch, m, k] and [batch, n, k] → [batch, m, n] with axes 2; two rows [batch, k] → [batch, 1]. As `keras.layers.Dot`.
 * @throws TypeError when the shapes do not fit.
 */
export function dot(options: DotOptions): Layer<DotConfig, SymbolicTensor> {
  return makeLayer(definition, { axes, normalize: optional(flag, false) }, options);
}
