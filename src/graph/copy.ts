import type { Argument, ArgumentsOf, PlanTensor } from '../plan/plan.js';
import { add, multiply, type Size } from '../plan/size.js';

/** An axis that is walked: how many steps, and the bytes from one to the next on either side (0: the same place again). */
export interface Axis {
  readonly count: Size;
  readonly from: Size;
  readonly to: Size;
}

/** Values that go from one tensor to another. */
export interface Copy {
  /** Four at most, of which one goes through the values of a row. */
  readonly axes: readonly Axis[];
  /** Bytes to the first value. */
  readonly fromOffset?: Size;
  readonly toOffset?: Size;
}

/** The axes of an array that goes over into another of the same lengths; those that lie one in the other in both are one. */
export function axesBetween(lengths: readonly Size[], from: readonly Size[], to: readonly Size[]): Axis[] {
  const axes: Axis[] = [];
  lengths.forEach((count, i) => {
    const axis = { count, from: from[i] ?? 0, to: to[i] ?? 0 };
    const outer = axes.at(-1);
    const isOne =
      outer &&
      typeof count === 'number' &&
      outer.from === times(axis.from, count) &&
      outer.to === times(axis.to, count);
    if (isOne) axes.pop();
    axes.push(isOne ? { ...axis, count: multiply(outer.count, count) } : axis);
  });
  return axes;
}

/** Undefined where it is known in a run alone. */
function times(stride: Size, count: number): number | undefined {
  return typeof stride === 'number' ? stride * count : undefined;
}

/** The arguments of the kernel `copyRows`, between tensors or addresses; with `accumulate` values are added. */
export function copyArguments(
  { axes, fromOffset = 0, toOffset = 0 }: Copy,
  from: PlanTensor | number,
  to: PlanTensor | number,
  accumulate: 0 | 1 = 0,
): ArgumentsOf<'copyRows'> {
  const innermost = axes.findIndex((axis) => axis.to === 4);
  const none: Axis = { count: 1, from: 4, to: 4 };
  // Values that are all summed into one are rows of one value each.
  const row = axes[innermost] ?? none;
  const [a = none, b = none, c = none, ...more] = axes.filter((_, i) => i !== innermost);
  if (more.length > 0) throw new Error('bucle: a copy along more than four axes');
  const at = (start: PlanTensor | number, offset: Size): Argument => {
    if (typeof start === 'number') return add(start, offset);
    return offset === 0 ? start : { tensor: start, offset };
  };
  return [
    at(from, fromOffset),
    at(to, toOffset),
    ...[a, b, c].flatMap((axis) => [axis.count, axis.from, axis.to]),
    row.count,
    row.from,
    0,
    accumulate,
  ] as ArgumentsOf<'copyRows'>;
}

/** The same copy the other way round. */
export function reversed({ axes, fromOffset = 0, toOffset = 0 }: Copy): Copy {
  return {
    axes: axes.map(({ count, from, to }) => ({ count, from: to, to: from })),
    fromOffset: toOffset,
    toOffset: fromOffset,
  };
}
