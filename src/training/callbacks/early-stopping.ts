import { fields, finite, flag, nonNegativeInteger, optional } from '../../options/options.js';
import type { Tensor } from '../../tensors/tensor.js';
import type { RunningCallback } from './callback.js';
import { Monitor, monitorFields, type MonitorOptions } from './monitor.js';

export interface EarlyStoppingOptions extends MonitorOptions {
  /** How many epochs in a row may bring nothing better; training ends after that many. Default 0. */
  patience?: number;
  /** What must be surpassed: until an epoch is better than it, none counts as better. Default: none. */
  baseline?: number;
  /**
   * Whether the model ends with the weights of its best epoch, also if it was never stopped, and as they were then: not with their
   * average, where the optimizer keeps one (`useEma`). If no epoch was better than the baseline, the weights stay as they are, and a
   * note says so. Default false: those of the last epoch.
   */
  restoreBestWeights?: boolean;
  /** The first epoch that is looked at, counted from 0. Default 0. */
  startFromEpoch?: number;
}

/** Ends a training that gets no better. As `keras.callbacks.EarlyStopping`, but for a baseline that is never reached: see above. */
export function runEarlyStopping(given: unknown, where: string): RunningCallback {
  const options = fields(given, where, {
    ...monitorFields,
    patience: optional(nonNegativeInteger, 0),
    baseline: optional(finite, undefined),
    restoreBestWeights: optional(flag, false),
    startFromEpoch: optional(nonNegativeInteger, 0),
  });
  const { patience, baseline, restoreBestWeights, startFromEpoch } = options;
  const monitor = new Monitor(where, options);
  let [wait, best] = [0, baseline];
  /** The epoch of the best weights and the last one that was trained; −1: none. */
  let [bestEpoch, lastEpoch] = [-1, -1];
  let bestWeights: readonly Omit<Tensor, 'toArray'>[] = [];
  return {
    onTrainBegin: ({ training }) => {
      monitor.begin(training);
    },
    onEpochEnd: ({ epoch, logs, training }) => {
      lastEpoch = epoch;
      const value = monitor.valueIn(logs);
      if (value === undefined || epoch < startFromEpoch) return;
      if (monitor.isBetter(value, best)) {
        [wait, best, bestEpoch] = [0, value, epoch];
        if (restoreBestWeights) bestWeights = training.getWeights();
        return;
      }
      wait++;
      // As Keras: the first epoch has nothing to be compared with.
      if (wait >= patience && epoch > 0) {
        training.stop(
          `earlyStopping: stopped after epoch ${epoch + 1}: ${monitor.name} got no better for ${wait} epoch(s)`,
        );
      }
    },
    onTrainEnd: ({ training }) => {
      if (!restoreBestWeights || lastEpoch < 0) return;
      if (bestEpoch < 0) {
        const than = baseline === undefined ? '' : ` than the baseline ${baseline}`;
        training.note(`earlyStopping: ${monitor.name} was never better${than}: the weights stay as they are`);
        return;
      }
      // Also when that epoch was the last one: a part of the next may have come after it, or the averages of the weights.
      training.setWeights(bestWeights);
      training.note(`earlyStopping: the weights are those of epoch ${bestEpoch + 1}, with ${monitor.name} ${best}`);
    },
    state: () => ({
      numbers: { wait, bestEpoch, lastEpoch, ...(best !== undefined && { best }) },
      tensors: Object.fromEntries(
        bestWeights.map(({ data, shape }, i) => [`best/${i}`, { data: data.slice(), shape }]),
      ),
    }),
    restore: ({ numbers = {}, tensors = {} }) => {
      ({ wait = wait, best = best, bestEpoch = bestEpoch, lastEpoch = lastEpoch } = numbers);
      bestWeights = Object.keys(tensors).flatMap((_, i) => tensors[`best/${i}`] ?? []);
    },
  };
}
