// What a run of the benchmark found: the content of results/latest.json.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import type { Group } from './groups.js';
import type { Work } from './works.js';

export interface Results {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly cpu: string;
  readonly logicalCpus: number;
  readonly platform: string;
  readonly nodeOptions: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: Readonly<Record<string, number>>;
  /** What SIMD128 can do at most on this machine, operations a second, a multiply and an add counting as two. */
  readonly limit: number;
  readonly canary: CanaryStatistics;
  readonly works: readonly WorkResult[];
  readonly silence: readonly SilenceResult[];
}

export interface CanaryStatistics {
  /** The loop's best time. */
  readonly seconds: number;
  /** A batch counts when the loop ran at this share of its best speed, before and after it. */
  readonly share: number;
  readonly batchesKept: number;
  readonly batchesDiscarded: number;
}

export interface WorkResult {
  readonly name: string;
  readonly group: Group['name'];
  readonly kind: Work['kind'];
  /** Multiplies and adds of a call's products, each counted; null where nobody counts them. */
  readonly operations: number | null;
  /** Seconds of sound that a call makes; null where it is not about sound. */
  readonly sound: number | null;
  readonly contenders: readonly ContenderResult[];
}

export interface ContenderResult {
  readonly peer: string;
  /** Seconds, as all times here. */
  readonly median: number;
  /** The median of a call with the same inputs and outputs that does nothing; null where none was measured. */
  readonly emptyCall: number | null;
  /** The very first call, on freshly built models; the process may have run other models before. */
  readonly firstCall: number;
  /** max |this − bucle| / max |bucle| over the compared results; null for bucle itself. */
  readonly largestDifference: number | null;
  readonly callsPerBatch: number;
  readonly batchesDiscarded: number;
  /** The mean time of a call, batch by batch. */
  readonly samples: readonly number[];
  readonly emptyCallSamples: readonly number[];
}

/** A stream of sound after the sound. */
export interface SilenceResult {
  readonly name: string;
  readonly seconds: number;
  /** What a push brings. */
  readonly blockSeconds: number;
  readonly runs: number;
  readonly blocks: number;
  /** Blocks with enough clean times: a block's time is the median of those, over the runs. */
  readonly blocksMeasured: number;
  /** The median of the blocks of noise: while there is sound. */
  readonly normal: number;
  /** The median of the blocks of silence. */
  readonly silent: number;
  /** Of the silence. */
  readonly slowest: number;
  /** In seconds of the stream. */
  readonly slowestAt: number;
}

const latest = fileURLToPath(new URL('results/latest.json', import.meta.url));

export async function readResults(): Promise<Results> {
  return JSON.parse(await readFile(latest, 'utf8')) as Results;
}

/** Times are kept to four digits. */
export async function writeResults(results: Results): Promise<string> {
  const rounded = JSON.stringify(results, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
  );
  await writeFile(latest, await format(rounded, { parser: 'json', printWidth: 120 }));
  return latest;
}
