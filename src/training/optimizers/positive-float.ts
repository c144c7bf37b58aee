import { number, positive, refuse, type Reader } from '../../options/options.js';

/** Kernels work in float32, where a smaller number is 0 and a larger one infinite. */
export const positiveFloat: Reader<number> = (value, where) => {
  const rounded = Math.fround(positive(value, where));
  return rounded > 0 && rounded < Infinity
    ? (value as number)
    : refuse(where, 'a positive number that float32 can hold', value);
};

export const nonNegativeFloat: Reader<number> = number(
  'a non-negative number that float32 can hold',
  (n) => n >= 0 && Math.fround(n) < Infinity,
);
