// The slowest block of a stream beside the usual one. A block's time is the median over several runs of the same stream: in a
// single one the slowest of thousands shows the machine's hiccups, not the network's.
import { type Canary, cleanShare } from './canary.js';
import { median } from './measure.js';
import { uniformArray } from './random.js';
import type { SilenceResult } from './results.js';
import type { SilenceWork } from './silence-works.js';

export interface SilenceOptions {
  readonly fewestRuns: number;
  /** Runs are added, up to so many, where a block had too few clean ones or the slowest looks slow. */
  readonly mostRuns: number;
  /** Clean times that a block needs to count. */
  readonly fewestTimes: number;
  /** A block times what others are beside which it looks slow. */
  readonly slow: number;
  readonly cleanShare: number;
  /** Instead of the work's. */
  readonly silentSeconds?: number;
}

export const silenceOptions: SilenceOptions = { fewestRuns: 5, mostRuns: 9, fewestTimes: 3, slow: 1.5, cleanShare };

/** To see that it runs. */
export const quickSilence: SilenceOptions = {
  ...silenceOptions,
  fewestRuns: 1,
  mostRuns: 1,
  fewestTimes: 1,
  cleanShare: 0,
  silentSeconds: 1,
};

/** One run: the time of each block, and the canary's, the slower of before and after. */
interface SilentRun {
  readonly times: Float64Array;
  readonly canary: Float64Array;
}

export function measureSilence(given: SilenceWork, canary: Canary, options: SilenceOptions): SilenceResult {
  const { silentSeconds = given.silentSeconds } = options;
  const work = { ...given, silentSeconds };
  // V8 compiles hot WebAssembly a second time: the first run does not count.
  runOnce({ ...work, silentSeconds: Math.min(2, silentSeconds) }, canary);
  const runs: SilentRun[] = [];
  for (;;) {
    runs.push(runOnce(work, canary));
    const result = resultOf(work, runs, canary.bestTime() / options.cleanShare, options.fewestTimes);
    const isSettled = result.blocksMeasured >= 0.99 * result.blocks && result.slowest <= options.slow * result.normal;
    if (runs.length >= options.mostRuns || (runs.length >= options.fewestRuns && isSettled)) return result;
  }
}

function runOnce(work: SilenceWork, canary: Canary): SilentRun {
  const { sampleRate, noiseSeconds, silentSeconds, blockSteps, value, outputs, open } = work;
  const blocks = Math.floor((silentSeconds * sampleRate) / blockSteps);
  const out = new Float32Array(blockSteps * outputs);
  const silence = new Float32Array(blockSteps).fill(value);
  const [times, canaryTimes] = [new Float64Array(blocks), new Float64Array(blocks)];
  const session = open();
  for (let block = 0; block < (noiseSeconds * sampleRate) / blockSteps; block += 1) {
    session.push(uniformArray(blockSteps, 7_000 + block), out);
  }
  let before = canary.time();
  for (let block = 0; block < blocks; block += 1) {
    const start = performance.now();
    session.push(silence, out);
    times[block] = (performance.now() - start) / 1e3;
    const after = canary.time();
    canaryTimes[block] = Math.max(before, after);
    before = after;
  }
  session.close();
  return { times, canary: canaryTimes };
}

function resultOf(
  { name, silentSeconds, blockSteps, sampleRate }: SilenceWork,
  runs: readonly SilentRun[],
  slowestCanary: number,
  fewestTimes: number,
): SilenceResult {
  const blocks = runs[0]?.times.length ?? 0;
  const measured: { seconds: number; block: number }[] = [];
  for (let block = 0; block < blocks; block += 1) {
    const clean = runs.filter((run) => (run.canary[block] ?? Infinity) <= slowestCanary);
    if (clean.length < fewestTimes) continue;
    measured.push({ seconds: median(clean.map(({ times }) => times[block] ?? NaN)), block });
  }
  if (measured.length === 0) throw new Error(`${name}: the canary spoiled nearly all blocks; the core is busy`);
  const slowest = measured.reduce((slow, next) => (next.seconds > slow.seconds ? next : slow));
  return {
    name,
    seconds: silentSeconds,
    blockSeconds: blockSteps / sampleRate,
    runs: runs.length,
    blocks,
    blocksMeasured: measured.length,
    normal: median(measured.map(({ seconds }) => seconds)),
    slowest: slowest.seconds,
    slowestAt: (slowest.block * blockSteps) / sampleRate,
  };
}
