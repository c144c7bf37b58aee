import type { Names } from '../graph/inputs.js';
import { mismatch } from '../options/options.js';
import { known } from '../plan/known.js';
import { prefixed } from './history.js';
import type { Objective } from './objective.js';

/** What the logs call an output's loss and metrics. */
export interface LogNames {
  /** Null where the model's loss is that of this output alone. */
  readonly loss: string | null;
  readonly metrics: readonly string[];
}

/**
 * With one output plain names, with several those of the outputs go before.
 * @throws TypeError, naming both, where two would be one in the logs of `fit`, which have validation's beside training's.
 */
export function logNamesOf(
  where: string,
  objectives: readonly Objective[],
  outputs: Names,
  logsGradientNorm: boolean,
): LogNames[] {
  const isOnly = objectives.length === 1;
  const taken = new Map<string, string>();
  const take = (name: string, title: string): void => {
    const other = taken.get(name);
    if (other !== undefined) {
      mismatch(`${where}: logs`, 'a name for each loss and metric', `'${name}' for ${other} and for ${title}`);
    }
    taken.set(name, title);
  };
  const takeBoth = (name: string, title: string): string => {
    take(name, title);
    take(prefixed('val', name), `${title} in validation`);
    return name;
  };
  takeBoth('loss', 'the loss');
  if (logsGradientNorm) take('gradientNorm', 'logGradientNorm');
  return objectives.map(({ symbolic, metrics }) => {
    const output = known(outputs.get(symbolic), 'an output');
    return {
      loss: isOnly ? null : takeBoth(prefixed(output, 'loss'), `the loss of "${output}"`),
      metrics: metrics.map(({ measure: { key } }) =>
        takeBoth(isOnly ? key : prefixed(output, key), `the metric "${key}" of "${output}"`),
      ),
    };
  });
}
