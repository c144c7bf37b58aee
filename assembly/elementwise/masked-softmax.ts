import { softmax } from './softmax';

/**
 * Softmax over the features that a mask leaves: y [rows, features] is 0 where mask [maskRows, features], of 0 and 1 in padded
 * rows, is 0, and throughout where nothing is left. Row r goes by the mask's row r mod maskRows: with maskRows = B, one mask
 * for all steps. In place allowed. Keras 3, layers/activations/softmax.py. The way back is softmaxBackward().
 */
export function maskedSoftmax(x: usize, mask: usize, y: usize, rows: i32, features: i32, maskRows: i32): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const end = y + <usize>rows * bytes;
  const maskBytes = <usize>maskRows * bytes;
  let at: usize = 0;
  for (let target = y; target < end; target += 16) {
    v128.store(target, v128.bitselect(v128.load(x), f32x4.splat(-Infinity), isLeft(mask + at)));
    x += 16;
    at = at + 16 < maskBytes ? at + 16 : 0;
  }
  softmax(y, y, rows, features);
  // What was masked is 0 already, unless all of a row was.
  at = 0;
  for (let target = y; target < end; target += 16) {
    v128.store(target, v128.and(v128.load(target), isLeft(mask + at)));
    at = at + 16 < maskBytes ? at + 16 : 0;
  }
}

function isLeft(mask: usize): v128 {
  return f32x4.ne(v128.load(mask), f32x4.splat(0));
}
