import { mismatch, positiveInteger } from '../options/options.js';
import { makeTensor, readNumbers, type Tensor, type TensorLike } from '../tensors/tensor.js';

/**
 * Class numbers as rows that are 1 at their class and 0 elsewhere: shape [...] → [..., depth]. As `keras.ops.one_hot`, but a
 * number that is no class is refused instead of becoming a row of zeros.
 * @param depth how many classes there are, counted from 0
 * @example oneHot([0, 2], 3).toArray(); // [[1, 0, 0], [0, 0, 1]]
 * @throws TypeError for a number that is not an integer from 0 to depth − 1; it says which.
 */
export function oneHot(ids: TensorLike, depth: number): Tensor {
  positiveInteger(depth, 'oneHot: depth');
  const { data, shape } = readNumbers(ids, 'oneHot: ids');
  const rows = new Float32Array(data.length * depth);
  data.forEach((id, i) => {
    if (!Number.isInteger(id) || id < 0 || id >= depth) {
      mismatch('oneHot: ids', `integers from 0 to ${depth - 1}`, `${id} at ${placeOf(i, shape)}`);
    }
    rows[i * depth + id] = 1;
  });
  return makeTensor(rows, [...shape, depth]);
}

/** Where the i-th value lies: [1, 0]. */
function placeOf(i: number, shape: readonly number[]): string {
  const place: number[] = [];
  let rest = i;
  for (const length of shape.toReversed()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `[${place.join(', ')}]`;
}
