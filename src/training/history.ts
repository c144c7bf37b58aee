/** What `fit` returns: `history.history.loss`, `valLoss`, and each metric (`mae`, `valMae`) by the name it was given, in camel case. */
export interface History {
  /** The epochs that ran, counted from 0. */
  readonly epoch: readonly number[];
  /** One value for each epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** What callbacks had to say, such as why training was stopped. */
  readonly notes: readonly string[];
}

/** The losses and metrics of a batch or an epoch, by name; `loss` is always there. */
export type Logs = Readonly<Record<string, number>> & { readonly loss: number };

/** Collects the logs of the epochs. */
export class HistoryRecorder implements History {
  readonly epoch: number[] = [];
  readonly history: Record<string, number[]> = {};
  readonly notes: string[] = [];

  add(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) (this.history[name] ??= []).push(value);
  }

  /** Goes on from what was recorded before. */
  restore({ epoch, history }: Pick<History, 'epoch' | 'history'>, notes: readonly string[]): void {
    this.epoch.push(...epoch);
    for (const [name, values] of Object.entries(history)) this.history[name] = [...values];
    this.notes.push(...notes);
  }
}

/** val, loss → valLoss */
export function prefixed(prefix: string, name: string): string {
  return `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Of the names that the logs of an epoch can have, those of its batches: without validation, which comes after them. */
export function batchLogNames(ofEpoch: readonly string[]): string[] {
  const ofValidation = new Set(ofEpoch.map((name) => prefixed('val', name)));
  return ofEpoch.filter((name) => !ofValidation.has(name));
}
