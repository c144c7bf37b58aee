// What the project set out to reach, beside what a run of the benchmark found.
import { batchesOf, forecastEpoch } from './fit-works.js';
import { duration, percent, times } from './numbers.js';
import {
  bytes,
  epochWithBackups,
  file,
  oneWorker,
  plainEpoch,
  trainingStep,
  twoHalves,
  twoWorkers,
} from './peers/bucle-fit.js';
import { bareKernels, push } from './peers/bucle-push.js';
import { asBatch, inTurn, together } from './peers/bucle-sessions.js';
import type { Results, SilenceResult, WorkResult } from './results.js';

export interface Goal {
  readonly what: string;
  readonly measured: string;
  /** null: nothing was promised. */
  readonly goal: string | null;
  readonly isMet: boolean | null;
}

/** Those of the works that were run. */
export function goalsOf({ works, silence, limit }: Pick<Results, 'works' | 'silence' | 'limit'>): Goal[] {
  return [...works.flatMap((work) => goalsOfWork(work, limit)), ...silence.map(silenceGoal)];
}

function goalsOfWork(work: WorkResult, limit: number): Goal[] {
  switch (work.kind) {
    case 'convolution':
    case 'wavenet':
      return [shareOfLimit(work, limit)];
    case 'training':
      return beside(work, 'TF.js wasm', 60);
    case 'epoch':
      return beside(work, 'TF.js wasm', null);
    case 'checkpoint':
      return checkpointGoals(work);
    case 'threads':
      return threadsGoals(work);
    case 'wavenet step':
      return [shareOfCore(work)];
    case 'sessions':
      return sessionsGoals(work);
    case 'push':
      return [pushGoal(work)];
    case 'step':
    case 'sequence':
      return [];
  }
}

const own = 'bucle';

function shareOfLimit(work: WorkResult, limit: number): Goal {
  const share = (work.operations ?? NaN) / secondsOf(work, own) / limit;
  return atLeast(`${work.name}: share of what SIMD128 can do`, share, 0.55, percent);
}

function beside(work: WorkResult, peer: string, goal: number | null): Goal[] {
  // A run without the peer says nothing about it.
  if (!work.contenders.some((contender) => contender.peer === peer)) return [];
  const factor = secondsOf(work, peer) / secondsOf(work, own);
  return [atLeast(`${work.name}: ${peer} ÷ bucle`, factor, goal, times)];
}

/** A backup's file is what epochs with one after each batch take longer, by batches. */
function checkpointGoals(work: WorkResult): Goal[] {
  const epoch = secondsOf(work, plainEpoch);
  const step = secondsOf(work, trainingStep);
  const batches = batchesOf(forecastEpoch.rows(), forecastEpoch.batch);
  const cost = (what: string, seconds: number): Goal => ({
    what: `${work.name}: ${what}`,
    measured: `${duration(seconds)}: ${percent(seconds / epoch)} of an epoch, ${times(seconds / step)} a training step`,
    goal: null,
    isMet: null,
  });
  return [
    cost(bytes, secondsOf(work, bytes)),
    cost(file, secondsOf(work, file)),
    cost('a save of callbacks.backupAndRestore', (secondsOf(work, epochWithBackups) - epoch) / batches),
  ];
}

/** Beside what two cores are worth at that time: now and then a virtual machine's are one. */
function threadsGoals(work: WorkResult): Goal[] {
  const [one, two, halves] = [oneWorker, twoWorkers, twoHalves].map((way) => secondsOf(work, way)) as [
    number,
    number,
    number,
  ];
  return [
    atLeast(`${work.name}: one worker ÷ two, on two cores`, one / two, 1.6, times),
    atLeast(`${work.name}: one worker ÷ two models at once, half of the rows each`, one / halves, null, times),
  ];
}

function shareOfCore(work: WorkResult): Goal {
  const seconds = secondsOf(work, own);
  const share = seconds / (work.sound ?? NaN);
  const shown = (value: number) => `${duration(seconds)} a sample: ${percent(value)} of a core`;
  return { ...below(`${work.name}, streamed at 16 kHz`, share, 0.4, shown), goal: '< 40 % of a core' };
}

function sessionsGoals(work: WorkResult): Goal[] {
  const all = secondsOf(work, together);
  return [
    atLeast(`${work.name}: one by one ÷ one model.push`, secondsOf(work, inTurn) / all, 4, times),
    atLeast(
      `${work.name}: one model.push ÷ one session of as many sequences`,
      all / secondsOf(work, asBatch),
      null,
      times,
    ),
  ];
}

function pushGoal(work: WorkResult): Goal {
  const overhead = secondsOf(work, push) - secondsOf(work, bareKernels);
  return below(`${work.name}: what it takes beside its kernels`, overhead, 0.5e-6, duration);
}

function silenceGoal({ name, normal, slowest }: SilenceResult): Goal {
  const factor = slowest / normal;
  const isMet = factor <= 1.5;
  return {
    what: `${name}: the slowest block ÷ the usual one of noise`,
    measured: times(factor),
    goal: '≤ 1.5×',
    isMet,
  };
}

function atLeast(what: string, value: number, goal: number | null, shown: (value: number) => string): Goal {
  return {
    what,
    measured: shown(value),
    goal: goal === null ? null : `≥ ${shown(goal)}`,
    isMet: goal === null ? null : value >= goal,
  };
}

function below(what: string, value: number, goal: number, shown: (value: number) => string): Goal {
  return { what, measured: shown(value), goal: `< ${shown(goal)}`, isMet: value < goal };
}

function secondsOf({ name, contenders }: WorkResult, peer: string): number {
  const found = contenders.find((contender) => contender.peer === peer);
  if (!found) throw new Error(`${name}: ${peer} was not measured`);
  return found.median;
}
