/**
 * Broadcasting: an axis of size 1 counts as often as is needed. Tensors of lower rank get axes of size 1 after the
 * batch, as Keras's merging layers have it (layers/merging/base_merge.py). Backwards, what was repeated is summed.
 */
import { reshaped, show, sizeOf, zeros, type Tensor, type Tensors } from './tensor.js';

/** All of one rank. */
export function withEqualRanks(tensors: Tensors): Tensor[] {
  const rank = Math.max(...tensors.map(({ shape }) => shape.length));
  return tensors.map((one) => {
    const [batch, ...rest] = one.shape;
    const missing = Array.from({ length: rank - one.shape.length }, () => 1);
    return reshaped(one, [batch, ...missing, ...rest]);
  });
}

/** The shape that all shapes, of one rank, are broadcast to. */
export function commonShape(shapes: readonly (readonly number[])[]): number[] {
  return shapes[0].map((_, axis) => {
    const sizes = shapes.map((shape) => shape[axis]).filter((size) => size !== 1);
    if (new Set(sizes).size > 1) throw new Error(`${shapes.map(show).join(' and ')} do not go together`);
    return sizes[0] ?? 1;
  });
}

export function broadcastTo(a: Tensor, shape: readonly number[]): Tensor {
  const wide = zeros(...shape);
  const placeOf = sourcePlaces(a.shape, shape);
  wide.data.forEach((_, i) => (wide.data[i] = a.data[placeOf(i)]));
  return wide;
}

/** The transpose of `broadcastTo`: from a cotangent of the wide shape to one of the narrow. */
export function sumTo(wide: Tensor, shape: readonly number[]): Tensor {
  const narrow = zeros(...shape);
  const placeOf = sourcePlaces(shape, wide.shape);
  wide.data.forEach((value, i) => (narrow.data[placeOf(i)] += value));
  return narrow;
}

/** From a place in a tensor of the wide shape to the place in one of the narrow shape. */
function sourcePlaces(narrow: readonly number[], wide: readonly number[]): (i: number) => number {
  return (i) => {
    let place = 0;
    wide.forEach((size, axis) => {
      const index = Math.floor(i / sizeOf(wide.slice(axis + 1))) % size;
      place = place * narrow[axis] + (narrow[axis] === 1 ? 0 : index);
    });
    return place;
  };
}
