import { fields, nonNegativeInteger, oneOf, optional, refuse, type Reader } from '../../options/options.js';
import { isKind } from '../names.js';
import { nonNegativeFloat, positiveFloat } from '../optimizers/positive-float.js';
import type { Functions } from './functions.js';
import type { LearningRate } from './schedule-options.js';
import { scheduleTable, type PlainName } from './schedule-table.js';

/** The rate of a step, counted from 0. */
export type Rate = (step: number, functions: Functions) => number;

/** A learning rate as it was given: one that stays and can be set, or one that the step decides. */
export type ReadLearningRate = number | Rate;

const plainNames = Object.keys(scheduleTable) as PlainName[];
const names = [...plainNames, 'warmUp'] as const;

/** Reads what `learningRate` may be. @throws TypeError that names the option. */
export const learningRateReader: Reader<ReadLearningRate> = (value, where) => {
  if (typeof value === 'function') return ownRate(value as (step: number) => unknown, where);
  if (typeof value !== 'object' || value === null) return positiveFloat(value, where);
  if (!isKind(names, value)) return refuse(where, `a number, a schedule (${names.join(', ')}) or a function`, value);
  const { kind } = value as Exclude<LearningRate, number | ((step: number) => number)>;
  return kind === 'warmUp' ? warmUp(value, `${where}: warmUp`) : plainRate(kind, value, `${where}: ${kind}`);
};

function plainRate(kind: PlainName, given: object, where: string): Rate {
  const { readers, check, rate } = scheduleTable[kind];
  const read = fields(given, where, { kind: oneOf([kind]), ...readers });
  // Each kind's readers give what its functions take: that the table says.
  check?.(read as never, where);
  return (step, functions) => rate(read as never, step, functions);
}

function warmUp(given: object, where: string): Rate {
  const read = fields(given, where, {
    kind: oneOf(['warmUp']),
    learningRate: learningRateReader,
    steps: nonNegativeInteger,
    initialLearningRate: optional(nonNegativeFloat, 0),
  });
  const { learningRate: after, steps, initialLearningRate } = read;
  const following: Rate = typeof after === 'number' ? () => after : after;
  return (step, functions) => {
    if (step >= steps) return following(step - steps, functions);
    return initialLearningRate + ((following(0, functions) - initialLearningRate) * step) / steps;
  };
}

/** A function of the user's: what it gives is looked at each time. */
function ownRate(rate: (step: number) => unknown, where: string): Rate {
  return (step) => nonNegativeFloat(rate(step), `${where}(${step})`);
}
