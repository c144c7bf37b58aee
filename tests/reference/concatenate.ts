/** Concatenate along an axis other than the batch.                        Keras 3, layers/merging/concatenate.py */
import type { AnyPass } from './pass.js';
import { axisOf, show, sizeOf, zeros, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export interface ConcatenateConfig {
  /** −1 by default. */
  readonly axis?: number;
}

export function concatenate({ axis = -1 }: ConcatenateConfig, _weights: Tensors, inputs: Tensors): AnyPass {
  const [{ shape }] = inputs;
  const along = axisOf(axis, shape);
  for (const other of inputs) {
    if (show(other.shape.toSpliced(along, 1)) !== show(shape.toSpliced(along, 1))) {
      throw new Error(`concatenate: ${show(shape)} and ${show(other.shape)} differ beside axis ${axis}`);
    }
  }
  const length = inputs.reduce((sum, one) => sum + one.shape[along], 0);
  const y = zeros(...shape.with(along, length));

  /** Calls `visit` with each contiguous piece of an input: where it begins, where in y, and how long it is. */
  const pieces = (visit: (input: number, from: number, to: number, size: number) => void): void => {
    const inner = sizeOf(shape.slice(along + 1));
    for (let outer = 0; outer < sizeOf(shape.slice(0, along)); outer++) {
      let to = outer * length * inner;
      inputs.forEach((one, input) => {
        const size = one.shape[along] * inner;
        visit(input, outer * size, to, size);
        to += size;
      });
    }
  };
  pieces((input, from, to, size) => y.data.set(inputs[input].data.subarray(from, from + size), to));
  return {
    outputs: [y],
    backward([dy = zerosLike(y)]) {
      const gradients: Tensor[] = inputs.map(zerosLike);
      pieces((input, from, to, size) => gradients[input].data.set(dy.data.subarray(to, to + size), from));
      const [first, ...others] = gradients;
      return { inputs: [first, ...others], weights: [] };
    },
  };
}

/**
 * The mask of the output for sequences [batch, time, …]: along time the masks joined, along another axis valid where
 * any input is. An input without a mask is valid everywhere; without any mask there is none.
 */
export function concatenatedMask(
  { axis = -1 }: ConcatenateConfig,
  inputs: Tensors,
  masks: readonly (Mask | undefined)[],
): Mask | undefined {
  if (masks.every((mask) => mask === undefined)) return undefined;
  const complete = inputs.map(
    ({ shape: [batch, time] }, i): Mask =>
      masks[i] ?? Array.from({ length: batch }, () => Array.from({ length: time }, () => true)),
  );
  const [first] = complete;
  return axisOf(axis, inputs[0].shape) === 1
    ? first.map((_, b) => complete.flatMap((mask) => mask[b]))
    : first.map((row, b) => row.map((_, t) => complete.some((mask) => mask[b][t])));
}
