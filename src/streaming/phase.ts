import { stepsBefore } from '../plan/growth.js';
import { isAddress, isTensor, type Plan } from '../plan/plan.js';
import type { Size } from '../plan/size.js';

/**
 * What matters of how many steps a stream has had: while its windows fill, each of them, then only where between two strides it
 * stands. A stream whose layers give a row for every step needs to know neither.
 */
export interface Phase {
  readonly warmUp: number;
  readonly period: number;
}

/** The least number that a plan cannot tell from `steps`: so sizes stay small however long a stream is. */
export function foldSteps({ warmUp, period }: Phase, steps: number): number {
  return steps < warmUp ? steps : warmUp + ((steps - warmUp) % period);
}

/**
 * Lengths in a stream grow by one step in `period` at least, and what is taken off them (the constants) is the only thing that
 * they must first reach: after period · constants steps every max(0, …) in a plan has come to rest.
 */
export function phaseOf(plan: Plan): Phase {
  let [constants, period] = [0, 1];
  for (const size of sizesOf(plan)) {
    const found = traits(size);
    if (!found.depends) continue;
    constants = Math.max(constants, found.constants);
    period = commonMultiple(period, found.period);
  }
  return { warmUp: constants * period, period };
}

function sizesOf({ steps, tensors }: Plan): Size[] {
  const ofSteps = steps.flatMap((step) =>
    step.arguments.map((argument) => (isTensor(argument) ? 0 : isAddress(argument) ? argument.offset : argument)),
  );
  return [...tensors.map(({ bytes }) => bytes), ...ofSteps];
}

interface Traits {
  /** Whether it depends on how many steps came before. */
  readonly depends: boolean;
  /** The sum of what is added or taken off. */
  readonly constants: number;
  readonly period: number;
}

function traits(size: Size): Traits {
  if (typeof size === 'number') return { depends: false, constants: Math.abs(size), period: 1 };
  switch (size.op) {
    case 'symbol':
      return { depends: size === stepsBefore, constants: 0, period: 1 };
    case 'atLeastZero':
      return traits(size.of);
    case 'addToAny': {
      const { constants, ...others } = traits(size.of);
      return { ...others, constants: constants + Math.abs(size.by) + 1 };
    }
    case 'ceilDivide': {
      const { period, ...others } = traits(size.of);
      return { ...others, period: period * size.by };
    }
    case 'add':
    case 'multiply': {
      const [left, right] = [traits(size.left), traits(size.right)];
      return {
        depends: left.depends || right.depends,
        // A factor is none of them, but more does no harm.
        constants: left.constants + right.constants,
        period: commonMultiple(left.period, right.period),
      };
    }
  }
}

function commonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a * b) / divisor;
}
