import { fields, flag, optional, refuse, text, type Reader } from '../../options/options.js';
import type { RunningCallback } from './callback.js';

export interface CSVLoggerOptions {
  /** The file; an older one is replaced unless `append`. */
  path: string;
  /** Between the columns: one character. Default ','. */
  separator?: string;
  /** Whether to go on behind the rows of an older file, whose columns must be the same. Default false. */
  append?: boolean;
}

const separatorReader: Reader<string> = (value, where) =>
  typeof value === 'string' && value.length === 1 ? value : refuse(where, 'one character', value);

/**
 * Writes a row for each epoch: its number, counted from 0, then losses and metrics with all their digits; NA where an epoch has none,
 * such as one without validation; quoted where a name or number has a separator in it. As `keras.callbacks.CSVLogger`. After a resume
 * the file holds each epoch once.
 */
export function runCSVLogger(given: unknown, where: string): RunningCallback {
  const { path, separator, append } = fields(given, where, {
    path: text,
    separator: optional(separatorReader, ','),
    append: optional(flag, false),
  });
  const encoder = new TextEncoder();
  let columns: readonly string[] = [];
  /** Lines of the file that this training has seen written, the header included; 0: it has not begun. */
  let lines = 0;
  const line = (cells: readonly (string | number)[]): string =>
    `${cells.map((cell) => quoted(String(cell), separator)).join(separator)}\n`;
  return {
    onTrainBegin: async ({ training: { files, logNames } }) => {
      columns = logNames;
      const header = line(['epoch', ...columns]);
      const old = lines > 0 || append ? await files.read(path) : null;
      const rows = old === null ? [] : linesOf(new TextDecoder().decode(old));
      if (rows[0] !== undefined && rows[0] !== header) {
        refuse(`${where}: ${path}`, `the columns ${header.trim()}`, rows[0].trim());
      }
      // Rows that were written after the checkpoint come again.
      const kept = [header, ...rows.slice(1, lines > 0 ? lines : undefined)];
      lines = kept.length;
      await files.write(path, encoder.encode(kept.join('')));
    },
    onEpochEnd: async ({ epoch, logs, training }) => {
      const cells = columns.map((name) => logs[name] ?? 'NA');
      await training.files.append(path, encoder.encode(line([epoch, ...cells])));
      lines++;
    },
    state: () => ({ numbers: { lines } }),
    restore: ({ numbers = {} }) => {
      ({ lines = lines } = numbers);
    },
  };
}

/** As Python's csv writer does it. */
function quoted(cell: string, separator: string): string {
  const isPlain = ![separator, '"', '\n', '\r'].some((character) => cell.includes(character));
  return isPlain ? cell : `"${cell.replaceAll('"', '""')}"`;
}

/** Whole lines, which may have line breaks in quotes: a process that died may have left the half of one. */
function linesOf(file: string): string[] {
  return [...file.matchAll(/(?:[^"\n]|"[^"]*")*\n/g)].map(([line]) => line);
}
