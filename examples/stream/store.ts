/** What outlives the process: the weights, the last checkpoint, and the journal of all days. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from 'bucle';
import { csvFormat, csvFormatBody, csvParse } from 'd3-dsv';
import type { Checkpoint, Observation } from './detector.js';
import type { Model } from './model.js';

export interface State extends Checkpoint {
  /** The last day that it has seen. */
  readonly date: string;
}

export interface Entry extends Observation {
  readonly date: string;
  readonly births: number;
}

export class Store {
  readonly folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
  }

  /** undefined at the first start. */
  readModel(): Model | undefined {
    const path = join(this.folder, 'model.safetensors');
    return existsSync(path) ? loadModel(new Uint8Array(readFileSync(path))) : undefined;
  }

  async writeModel(model: Model): Promise<void> {
    await model.save(join(this.folder, 'model.safetensors'));
  }

  readState(): State | undefined {
    const text = this.#read('state.json');
    return text === undefined ? undefined : (JSON.parse(text) as State);
  }

  /** The journal first: of a process that dies between the two it is ahead of the state, and `openJournal` cuts it. */
  save(state: State, newEntries: readonly Entry[]): void {
    if (newEntries.length > 0)
      appendFileSync(join(this.folder, 'journal.csv'), `${csvFormatBody(rowsOf(newEntries))}\n`);
    this.#write('state.json', JSON.stringify(state, null, 2));
  }

  /**
   * The journal up to the day of the state; all later days are dropped, or all days without a state. JavaScript prints as many
   * digits of a number as it takes to read the same one again.
   */
  openJournal(state: State | undefined): Entry[] {
    const until = state?.date ?? '';
    const entries = csvParse(this.#read('journal.csv') ?? '', ({ date, births, expected, score, alarm }) => {
      return { date, births: Number(births), expected: Number(expected), score: Number(score), alarm: alarm === '1' };
    }).filter(({ date }) => date <= until);
    this.#write('journal.csv', csvFormat(rowsOf(entries), columns));
    return entries;
  }

  #read(name: string): string | undefined {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** Beside the old file, then in its place: there is always a whole one. */
  #write(name: string, text: string): void {
    const path = join(this.folder, name);
    writeFileSync(`${path}.new`, `${text}\n`);
    renameSync(`${path}.new`, path);
  }
}

const columns = ['date', 'births', 'expected', 'score', 'alarm'] as const;

function rowsOf(entries: readonly Entry[]) {
  return entries.map(({ date, births, expected, score, alarm }) => {
    return { date, births, expected, score, alarm: alarm ? 1 : 0 };
  });
}
