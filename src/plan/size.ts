import { known } from './known.js';

/**
 * Integer expressions of a run's sizes: the batch B and the time lengths. Steps and tensors of a plan hold these instead of
 * numbers, so one plan serves every size. They are data: they can be printed and compared, and code can be made of them.
 */
export type Size =
  | number
  | SizeSymbol
  | { readonly op: 'add' | 'multiply'; readonly left: Size; readonly right: Size }
  | { readonly op: 'atLeastZero'; readonly of: Size }
  /** ⌈of / by⌉ */
  | { readonly op: 'ceilDivide'; readonly of: Size; readonly by: number }
  /** of + by where there is any of it, else 0 */
  | { readonly op: 'addToAny'; readonly of: Size; readonly by: number };

/** A size that only a run knows. Identity counts, not the label: two inputs have two time lengths. */
export interface SizeSymbol {
  readonly op: 'symbol';
  readonly label: string;
}

/** The values of a run's symbols. */
export type Sizes = Map<SizeSymbol, number>;

export function symbol(label: string): SizeSymbol {
  return { op: 'symbol', label };
}

/** The batch size, of every plan. */
export const batch: SizeSymbol = symbol('B');

export function add(left: Size, right: Size): Size {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (left === 0) return right;
  // So what layer after layer takes off stays one number.
  if (typeof right === 'number' && typeof left === 'object' && left.op === 'add' && typeof left.right === 'number') {
    return add(left.left, left.right + right);
  }
  return right === 0 ? left : { op: 'add', left, right };
}

export function multiply(left: Size, right: Size): Size {
  if (typeof left === 'number' && typeof right === 'number') return left * right;
  if (left === 0 || right === 0) return 0;
  if (left === 1) return right;
  return right === 1 ? left : { op: 'multiply', left, right };
}

/** max(0, left − right). */
export function less(left: Size, right: Size): Size {
  const isCut = typeof left === 'object' && left.op === 'atLeastZero' && typeof right === 'number' && right >= 0;
  const difference = subtract(isCut ? left.of : left, right);
  return typeof difference === 'number' ? Math.max(0, difference) : { op: 'atLeastZero', of: difference };
}

export function subtract(left: Size, right: Size): Size {
  return add(left, multiply(-1, right));
}

/** ⌈of / by⌉, of no less than 0. */
export function ceilDivide(of: Size, by: number): Size {
  if (by === 1) return of;
  return typeof of === 'number' ? Math.ceil(of / by) : { op: 'ceilDivide', of, by };
}

/** of + by where `of` is more than 0, else 0. */
export function addToAny(of: Size, by: number): Size {
  if (by === 0) return of;
  return typeof of === 'number' ? (of > 0 ? of + by : 0) : { op: 'addToAny', of, by };
}

export function evaluate(size: Size, sizes: Sizes): number {
  if (typeof size === 'number') return size;
  switch (size.op) {
    case 'symbol':
      return known(sizes.get(size), size.label);
    case 'add':
      return evaluate(size.left, sizes) + evaluate(size.right, sizes);
    case 'multiply':
      return evaluate(size.left, sizes) * evaluate(size.right, sizes);
    case 'atLeastZero':
      return Math.max(0, evaluate(size.of, sizes));
    case 'ceilDivide':
      return Math.ceil(evaluate(size.of, sizes) / size.by);
    case 'addToAny': {
      const of = evaluate(size.of, sizes);
      return of > 0 ? of + size.by : 0;
    }
  }
}

/** n rounded up to a multiple of 4, the number of lanes of a SIMD vector. */
export function quad(n: number): number {
  return Math.ceil(n / 4) * 4;
}
