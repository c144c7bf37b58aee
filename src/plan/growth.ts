import { add, addToAny, ceilDivide, multiply, subtract, symbol, type Size } from './size.js';

/** In a stream: how many steps came before those of this run. Of a long one only what matters: see `Session`. */
export const stepsBefore = symbol('before');

/** A length, an expression of one input's, as it was before this run's steps came. */
export function valueBefore(size: Size): Size {
  return substitute(size, () => stepsBefore);
}

/**
 * By how much a length grows with this run's steps: where it grows in step with the input's, without knowing how many
 * came before, so that such a stream resolves no sizes anew.
 */
export function growth(size: Size): Size {
  if (typeof size === 'number') return 0;
  switch (size.op) {
    case 'symbol':
      return size;
    case 'add':
      return add(growth(size.left), growth(size.right));
    case 'multiply':
      if (typeof size.left === 'number') return multiply(size.left, growth(size.right));
      if (typeof size.right === 'number') return multiply(growth(size.left), size.right);
      return difference(size);
    case 'atLeastZero':
    case 'ceilDivide':
    case 'addToAny':
      return difference(size);
  }
}

function difference(size: Size): Size {
  const after = substitute(size, (length) => add(stepsBefore, length));
  return subtract(after, valueBefore(size));
}

function substitute(size: Size, by: (length: Size) => Size): Size {
  if (typeof size === 'number') return size;
  const inside = (part: Size): Size => substitute(part, by);
  switch (size.op) {
    case 'symbol':
      return by(size);
    case 'add':
      return add(inside(size.left), inside(size.right));
    case 'multiply':
      return multiply(inside(size.left), inside(size.right));
    case 'atLeastZero':
      return { op: 'atLeastZero', of: inside(size.of) };
    case 'ceilDivide':
      return ceilDivide(inside(size.of), size.by);
    case 'addToAny':
      return addToAny(inside(size.of), size.by);
  }
}
