// Times several contenders in rounds, one batch of each in turn, so that all of them meet the same minutes of the
// machine. Each batch is one cycle of a Benchmark (benchmark.js), guarded by a canary.
import Benchmark from 'benchmark';
import { type Canary, cleanShare } from './canary.js';

// benchmark.js inlines the source text of the functions it is given, if it can. Ours close over their contender's state.
Benchmark.support.decompilation = false;

export interface Timed {
  readonly name: string;
  /** Does the work once. Returns a promise if and only if `deferred`. */
  readonly call: () => unknown;
  readonly deferred: boolean;
  /** Runs before each batch, untimed. */
  readonly prepare?: () => Promise<void>;
}

export interface Measurement {
  readonly name: string;
  /** Seconds a call, one number a batch; batches that the canary spoiled are left out. */
  readonly samples: readonly number[];
  readonly discarded: number;
  readonly callsPerBatch: number;
}

export interface MeasureOptions {
  /** How long a batch takes at least. */
  readonly batchSeconds: number;
  /** How long each contender runs before the first batch: V8 compiles hot WebAssembly a second time. */
  readonly warmUpSeconds: number;
  /** Clean batches wanted. Contenders whose batches are long get by with fewer, but not fewer than `fewestBatches`. */
  readonly batches: number;
  readonly fewestBatches: number;
  /** Seconds of clean batches after which a contender has enough, if it has `fewestBatches`. */
  readonly enoughSeconds: number;
  /** Gives up on clean batches after this many times the batches wanted. */
  readonly patience: number;
  /** Seconds of batches, clean or not, after which a contender has enough, if it has one that is clean. */
  readonly mostSeconds: number;
  /** A batch is clean when the canary ran at this share of its best speed, before and after it. */
  readonly cleanShare: number;
}

export const defaultOptions: MeasureOptions = {
  batchSeconds: 0.002,
  warmUpSeconds: 0.3,
  batches: 50,
  fewestBatches: 9,
  enoughSeconds: 1,
  patience: 6,
  mostSeconds: 20,
  cleanShare,
};

/** For works of seconds, such as epochs of training. */
export const longOptions: MeasureOptions = { ...defaultOptions, fewestBatches: 3 };

/** To see that all works run, not how fast: takes what comes. */
export const quickOptions: MeasureOptions = {
  ...defaultOptions,
  warmUpSeconds: 0.01,
  batches: 2,
  fewestBatches: 1,
  enoughSeconds: 0.01,
  mostSeconds: 0,
  cleanShare: 0,
};

interface Batch {
  readonly period: number;
  readonly canary: number;
}

export async function measure(
  contenders: readonly Timed[],
  canary: Canary,
  options: MeasureOptions = defaultOptions,
): Promise<Measurement[]> {
  const runs: Run[] = [];
  for (const contender of contenders) runs.push(await Run.warmedUp(contender, canary, options));
  let unfinished = runs;
  while (unfinished.length > 0) {
    for (const run of unfinished) await run.batch();
    unfinished = unfinished.filter((run) => !run.isFinished());
  }
  return runs.map((run) => run.measurement());
}

/** The batches of one contender. */
class Run {
  private readonly batches: Batch[] = [];

  private constructor(
    private readonly timed: Timed,
    private readonly canary: Canary,
    private readonly options: MeasureOptions,
    private readonly callsPerBatch: number,
  ) {}

  static async warmedUp(timed: Timed, canary: Canary, options: MeasureOptions): Promise<Run> {
    await timed.prepare?.();
    const { count } = await runBenchmark(timed, {
      minTime: options.batchSeconds,
      minSamples: 1,
      maxTime: options.warmUpSeconds,
    });
    return new Run(timed, canary, options, count);
  }

  async batch(): Promise<void> {
    await this.timed.prepare?.();
    let before = 0;
    let after = 0;
    // One cycle of `callsPerBatch` calls: any time is long enough, and any number of samples is.
    const { times } = await runBenchmark(this.timed, {
      initCount: this.callsPerBatch,
      minTime: 1e-9,
      minSamples: 1,
      maxTime: -1,
      setup: () => {
        before = this.canary.time();
      },
      teardown: () => {
        after = this.canary.time();
      },
    });
    this.batches.push({ period: times.period, canary: Math.max(before, after) });
  }

  isFinished(): boolean {
    const { batches, fewestBatches, enoughSeconds, patience, mostSeconds } = this.options;
    const clean = this.clean();
    const seconds = this.secondsOf(clean);
    if (clean.length >= batches || (clean.length >= fewestBatches && seconds >= enoughSeconds)) return true;
    if (clean.length > 0 && this.secondsOf(this.batches) >= mostSeconds) return true;
    return this.batches.length >= patience * (seconds >= enoughSeconds / 2 ? fewestBatches : batches);
  }

  measurement(): Measurement {
    const clean = this.clean();
    if (clean.length === 0) {
      throw new Error(
        `${this.timed.name}: the canary spoiled all ${String(this.batches.length)} batches; the core is busy`,
      );
    }
    return {
      name: this.timed.name,
      samples: clean.map(({ period }) => period),
      discarded: this.batches.length - clean.length,
      callsPerBatch: this.callsPerBatch,
    };
  }

  /** Judged by the best canary so far, which may be later than the batch. */
  private clean(): Batch[] {
    const slowest = this.canary.bestTime() / this.options.cleanShare;
    return this.batches.filter((batch) => batch.canary <= slowest);
  }

  private secondsOf(batches: readonly Batch[]): number {
    return batches.reduce((sum, { period }) => sum + period * this.callsPerBatch, 0);
  }
}

/** One run of a Benchmark, synchronous or deferred alike. */
function runBenchmark(timed: Timed, options: Benchmark.Options): Promise<Benchmark> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(new Error(`${timed.name} failed`, { cause: error }));
    };
    const deferredCall = (deferred: Benchmark.Deferred) => {
      (timed.call() as Promise<unknown>).then(() => {
        deferred.resolve();
      }, fail);
    };
    const benchmark = new Benchmark(timed.name, timed.deferred ? deferredCall : timed.call, {
      ...options,
      defer: timed.deferred,
      delay: 0,
      onComplete: () => {
        resolve(benchmark);
      },
      onError: () => {
        fail(benchmark.error);
      },
    });
    benchmark.run({ async: false });
  });
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 1 ? middle : middle - 1];
  if (upper === undefined || lower === undefined) throw new Error('the median of no samples');
  return (lower + upper) / 2;
}
