import { camelCase } from '../../formats/camel-case.js';
import { mismatch, nonNegative, oneOf, optional, show, text } from '../../options/options.js';
import { batchLogNames, type Logs } from '../history.js';
import type { Training } from './callback.js';

/** What a callback watches, and which way is better. */
export interface MonitorOptions {
  /** A loss or metric, as the logs name it; Keras's names (val_loss) are read too. Default 'valLoss'. */
  monitor?: string;
  /**
   * Whether less is better ('min') or more ('max'). 'auto': known of losses and of every metric but those of one's own, which go by
   * their names; where these say nothing it must be said. Default 'auto'.
   */
  mode?: 'auto' | 'min' | 'max';
  /** By how much a value must be better than the best so far to count. Default 0; for reduceLROnPlateau 1e-4. */
  minDelta?: number;
}

export const monitorFields = {
  monitor: optional(text, 'valLoss'),
  mode: optional(oneOf(['auto', 'min', 'max']), 'auto'),
  minDelta: optional(nonNegative, 0),
};

const moreIsBetter = /(accuracy|acc|auc|precision|recall|f1|f1score|r2|r2score|rsquared)$/i;
const lessIsBetter =
  /(loss|error|mse|mae|mape|msle|rmse|crossentropy|huber|log_?cosh|divergence|poisson|hinge|perplexity|likelihood|ctc|quantile|pinball)$/i;

function modeByName(name: string): 'min' | 'max' | undefined {
  if (moreIsBetter.test(name)) return 'max';
  return lessIsBetter.test(name) ? 'min' : undefined;
}

/** Watches one of the logs. */
export class Monitor {
  readonly #where: string;
  readonly #minDelta: number;
  #mode: 'auto' | 'min' | 'max';
  #name: string;

  constructor(where: string, options: Required<MonitorOptions>) {
    const { monitor, mode, minDelta } = options;
    this.#where = where;
    this.#name = monitor;
    this.#mode = mode;
    this.#minDelta = minDelta;
  }

  get name(): string {
    return this.#name;
  }

  /**
   * Before anything is trained.
   * @throws TypeError if no epoch, or no batch, will have such a log, or if nobody knows which way is better.
   */
  begin(training: Training, of: 'epochs' | 'batches' = 'epochs'): void {
    const { logNames } = training;
    const names = of === 'epochs' ? logNames : batchLogNames(logNames);
    const found = [this.#name, camelCase(this.#name)].find((name) => names.includes(name));
    if (found === undefined) {
      const known = names.map((name) => `'${name}'`).join(', ');
      mismatch(`${this.#where}: monitor`, `one of ${known}`, `'${this.#name}'${this.#hint(of)}`);
    }
    this.#name = found;
    if (this.#mode !== 'auto') return;
    const mode = training.modeOf?.(found) ?? modeByName(found);
    if (mode === undefined) {
      mismatch(`${this.#where}: mode`, `'min' or 'max' for ${show(found)}, of which neither is known`, show('auto'));
    }
    this.#mode = mode;
  }

  #hint(of: 'epochs' | 'batches'): string {
    if (!this.#name.startsWith('val')) return '';
    if (of === 'batches') return ' (there is no validation after a batch)';
    return ' (there is no validation without validationData or validationSplit)';
  }

  /** undefined in an epoch that had none, such as one without validation. */
  valueIn(logs: Logs): number | undefined {
    return logs[this.#name];
  }

  /** NaN is never better. @param than undefined: none was there before */
  isBetter(value: number, than: number | undefined): boolean {
    const sign = this.#mode === 'max' ? -1 : 1;
    return sign * value + this.#minDelta < (than === undefined ? Infinity : sign * than);
  }
}
