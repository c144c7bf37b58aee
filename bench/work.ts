// One work from set-up to medians: every peer builds it, all results are compared, then the calls are timed in rounds.
import type { Canary } from './canary.js';
import { largestDifference, toleratedDifference } from './compare.js';
import type { Contender, Peer } from './contender.js';
import type { Group } from './groups.js';
import { measure, type MeasureOptions, type Measurement, median, type Timed } from './measure.js';
import type { ContenderResult, WorkResult } from './results.js';
import { operationsOf, soundOf, type Work } from './works.js';

interface Entrant {
  readonly peer: string;
  readonly contender: Contender;
  readonly firstCall: number;
  readonly largestDifference: number | null;
}

export async function runWork(
  work: Work,
  { name: group, peers }: Group,
  canary: Canary,
  options: MeasureOptions,
): Promise<WorkResult> {
  const entrants = await enter(work, peers);
  const measurements = await measure(entrants.flatMap(timedCalls), canary, options);
  for (const { contender } of entrants) await contender.close?.();
  return {
    name: work.name,
    group,
    kind: work.kind,
    operations: operationsOf(work),
    sound: soundOf(work),
    contenders: entrants.map((entrant) => resultOf(entrant, measurements)),
  };
}

async function enter(work: Work, peers: readonly Peer[]): Promise<Entrant[]> {
  const entrants: Entrant[] = [];
  let reference: Float32Array | undefined;
  for (const peer of peers) {
    const contender = await peer.contend(work);
    if (!contender) continue;
    const start = performance.now();
    await contender.call();
    const firstCall = (performance.now() - start) / 1e3;
    const outcome = await contender.outcome();
    const difference = reference && largestDifference(outcome, reference);
    if (difference !== undefined && !(difference <= toleratedDifference)) {
      throw new Error(
        `${work.name}: ${peer.name} differs by ${difference.toExponential(1)} of the largest value, ` +
          `${toleratedDifference.toExponential(0)} is tolerated`,
      );
    }
    reference ??= outcome;
    entrants.push({ peer: peer.name, contender, firstCall, largestDifference: difference ?? null });
  }
  return entrants;
}

const emptyCallOf = (peer: string) => `${peer}, empty call`;

function timedCalls({ peer, contender }: Entrant): Timed[] {
  const { call, emptyCall, deferred, prepare } = contender;
  const timed = { name: peer, call, deferred, ...(prepare && { prepare }) };
  return emptyCall ? [timed, { ...timed, name: emptyCallOf(peer), call: emptyCall }] : [timed];
}

function resultOf(entrant: Entrant, measurements: readonly Measurement[]): ContenderResult {
  const named = (name: string) => measurements.find((measurement) => measurement.name === name);
  const call = named(entrant.peer);
  if (!call) throw new Error(`${entrant.peer} was not measured`);
  const empty = named(emptyCallOf(entrant.peer));
  return {
    peer: entrant.peer,
    median: median(call.samples),
    emptyCall: empty ? median(empty.samples) : null,
    firstCall: entrant.firstCall,
    largestDifference: entrant.largestDifference,
    callsPerBatch: call.callsPerBatch,
    batchesDiscarded: call.discarded,
    samples: call.samples,
    emptyCallSamples: empty?.samples ?? [],
  };
}
