// The slowest block of silence beside the usual one of sound. A block's time is the median over several runs of the same stream:
// in a single one the slowest of thousands shows the machine's hiccups, not the network's.
import { type Canary, cleanShare } from './canary.js';
import { median } from './measure.js';
import { uniformArray } from './random.js';
import type { SilenceResult } from './results.js';
import type { SilenceWork } from './silence-works.js';

export interface SilenceOptions {
  /** Always as many: to run again where a block looks slow would be to ask until the answer pleases. */
  readonly runs: number;
  /** Clean times that a block needs to count. */
  readonly fewestTimes: number;
  readonly cleanShare: number;
  /** Instead of the work's. */
  readonly silentSeconds?: number;
}

export const silenceOptions: SilenceOptions = { runs: 7, fewestTimes: 3, cleanShare };

/** To see that it runs. */
export const quickSilence: SilenceOptions = { runs: 1, fewestTimes: 1, cleanShare: 0, silentSeconds: 1 };

/** The time of each block of a run, and the canary's, the slower of before and after. */
interface TimedBlocks {
  readonly times: Float64Array;
  readonly canary: Float64Array;
}

/** A stream from noise to silence. */
interface StreamTimes {
  readonly noise: TimedBlocks;
  readonly silence: TimedBlocks;
}

export function measureSilence(given: SilenceWork, canary: Canary, options: SilenceOptions): SilenceResult {
  const work = { ...given, silentSeconds: options.silentSeconds ?? given.silentSeconds };
  // V8 compiles hot WebAssembly a second time: the first run does not count.
  runOnce({ ...work, silentSeconds: Math.min(2, work.silentSeconds) }, canary);
  const runs = Array.from({ length: options.runs }, () => runOnce(work, canary));
  return resultOf(work, runs, canary.bestTime() / options.cleanShare, options.fewestTimes);
}

function runOnce(work: SilenceWork, canary: Canary): StreamTimes {
  const { sampleRate, noiseSeconds, silentSeconds, blockSteps, value, outputs, open } = work;
  const blocksOf = (seconds: number) => Math.floor((seconds * sampleRate) / blockSteps);
  const noise = Array.from({ length: blocksOf(noiseSeconds) }, (_, block) => uniformArray(blockSteps, 7_000 + block));
  const silence = new Float32Array(blockSteps).fill(value);
  const session = open();
  const out = new Float32Array(blockSteps * outputs);
  const time = (blocks: number, blockAt: (index: number) => Float32Array): TimedBlocks => {
    const [times, canaryTimes] = [new Float64Array(blocks), new Float64Array(blocks)];
    let before = canary.time();
    for (let index = 0; index < blocks; index += 1) {
      const block = blockAt(index);
      const start = performance.now();
      session.push(block, out);
      times[index] = (performance.now() - start) / 1e3;
      const after = canary.time();
      canaryTimes[index] = Math.max(before, after);
      before = after;
    }
    return { times, canary: canaryTimes };
  };
  const result = {
    noise: time(noise.length, (index) => noise[index] ?? silence),
    silence: time(blocksOf(silentSeconds), () => silence),
  };
  session.close();
  return result;
}

function resultOf(
  { name, silentSeconds, blockSteps, sampleRate }: SilenceWork,
  runs: readonly StreamTimes[],
  slowestCanary: number,
  fewestTimes: number,
): SilenceResult {
  const mediansOf = (all: readonly TimedBlocks[]) => blockMedians(all, slowestCanary, fewestTimes);
  const noise = mediansOf(runs.map((run) => run.noise));
  const silence = mediansOf(runs.map((run) => run.silence));
  if (noise.length === 0 || silence.length === 0) {
    throw new Error(`${name}: the canary spoiled nearly all blocks; the core is busy`);
  }
  const slowest = silence.reduce((slow, next) => (next.seconds > slow.seconds ? next : slow));
  return {
    name,
    seconds: silentSeconds,
    blockSeconds: blockSteps / sampleRate,
    runs: runs.length,
    blocks: runs[0]?.silence.times.length ?? 0,
    blocksMeasured: silence.length,
    normal: median(noise.map(({ seconds }) => seconds)),
    silent: median(silence.map(({ seconds }) => seconds)),
    slowest: slowest.seconds,
    slowestAt: (slowest.block * blockSteps) / sampleRate,
  };
}

/** The medians of the clean times of each block, where there are enough. */
function blockMedians(
  runs: readonly TimedBlocks[],
  slowestCanary: number,
  fewestTimes: number,
): { seconds: number; block: number }[] {
  return Array.from(runs[0]?.times ?? [], (_, block) => {
    const clean = runs.filter((run) => (run.canary[block] ?? Infinity) <= slowestCanary);
    return { block, clean: clean.map(({ times }) => times[block] ?? NaN) };
  })
    .filter(({ clean }) => clean.length >= fewestTimes)
    .map(({ block, clean }) => ({ block, seconds: median(clean) }));
}
