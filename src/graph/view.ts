import { known } from '../plan/known.js';
import { multiply, quad, type Size } from '../plan/size.js';
import type { Shape } from './shape.js';

/** A tensor as an array of its user's axes, batch first: how long each is, and the bytes from one index to the next. */
export interface View {
  readonly lengths: readonly Size[];
  readonly strides: readonly Size[];
}

/** Axes before the features, as they lie in memory: time first; of rank 4 and more the inner axes behind the batch. */
export function leadingAxes(shape: Shape, time: Size | null, batch: Size): readonly Size[] {
  return time === null ? [batch] : [time, batch, ...innerAxes(shape)];
}

/** How a tensor lies: [T, B, inner axes, features], each row padded to whole quads. */
export function viewAs(shape: Shape, time: Size | null, batch: Size): View {
  const features = known(shape.at(-1), 'the last axis');
  const inner = innerAxes(shape);
  const innerStrides = [...inner, 1].map((_, i) => inner.slice(i).reduce<number>((a, b) => a * b, 4 * quad(features)));
  const [batchStride = 0, ...others] = innerStrides;
  if (time === null) return { lengths: [batch, features], strides: [batchStride, 4] };
  return {
    lengths: [batch, time, ...inner, features],
    strides: [batchStride, multiply(batch, batchStride), ...others, 4],
  };
}

/** Axes between time and features. */
export function innerAxes(shape: Shape): number[] {
  return shape.slice(2, -1).map((length) => known(length, 'an inner axis'));
}
