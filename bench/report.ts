import Table from 'cli-table3';
import { goalsOf } from './goals.js';
import { duration, percent, times } from './numbers.js';
import type { ContenderResult, Results, SilenceResult, WorkResult } from './results.js';

/** One table of a work for the console, with the share of `limit` that its products reach: what SIMD128 can do at most. */
export function reportWork({ name, operations, sound, contenders }: WorkResult, limit: number): string {
  const [reference] = contenders;
  if (!reference) return `${name}: nobody does it`;
  const head = ['', 'median', 'ratio', 'empty call', 'share', 'first call', 'largest difference', 'batches'];
  if (operations !== null) head.push('GFLOP/s', 'of the limit');
  if (sound !== null) head.push('real time');
  const table = new Table({
    head,
    colAligns: ['left', ...Array<'right'>(head.length - 1).fill('right')],
    style: { head: [], border: [] },
  });
  for (const contender of contenders) {
    const { peer, median, emptyCall, firstCall, largestDifference, samples, batchesDiscarded } = contender;
    table.push([
      peer,
      duration(median),
      contender === reference ? '' : ratio(contender, reference),
      emptyCall === null ? '' : duration(emptyCall),
      emptyShare(contender) ?? '',
      duration(firstCall),
      largestDifference === null ? '' : largestDifference.toExponential(1),
      `${String(samples.length)} of ${String(samples.length + batchesDiscarded)}`,
      ...(operations === null ? [] : [(operations / median / 1e9).toFixed(1), percent(operations / median / limit)]),
      ...(sound === null ? [] : [`${(sound / median).toFixed(1)}×`]),
    ]);
  }
  return `${name}\n${table.toString()}`;
}

export function reportRun({ cpu, versions, nodeOptions, threads, limit, canary }: Results): string {
  const { seconds, share, batchesKept, batchesDiscarded } = canary;
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${cpu}; ${all.join(', ')}${nodeOptions.length > 0 ? `; ${nodeOptions.join(' ')}` : ''}`,
    `threads: ${Object.entries(threads)
      .map(([name, count]) => `${name} ${String(count)}`)
      .join(', ')}`,
    `limit of SIMD128: ${(limit / 1e9).toFixed(1)} GFLOP/s, a multiply and an add counting as two`,
    `canary: best ${duration(seconds)}; ${String(batchesKept)} of ${String(batchesKept + batchesDiscarded)} batches ` +
      `kept, those with the canary at ${percent(share)} of its best speed or more, before and after`,
  ].join('\n');
}

export function reportSilence(result: SilenceResult): string {
  const { name, seconds, blockSeconds, runs, blocks, blocksMeasured, normal, silent, slowest, slowestAt } = result;
  return (
    `${name}: a push of ${duration(blockSeconds)} takes ${duration(normal)} in noise, ${duration(silent)} in ` +
    `${seconds.toFixed(0)} s of silence, where the slowest, at ${slowestAt.toFixed(2)} s, takes ${duration(slowest)} ` +
    `(${times(slowest / normal)}); medians of ${String(runs)} runs, ` +
    `${String(blocksMeasured)} of ${String(blocks)} blocks with enough clean times`
  );
}

/** What was to be reached, and what was. */
export function reportGoals(results: Pick<Results, 'works' | 'silence' | 'limit'>): string {
  const table = new Table({ head: ['', 'measured', 'goal', ''], style: { head: [], border: [] } });
  for (const { what, measured, goal, isMet } of goalsOf(results)) {
    table.push([what, measured, goal ?? '', isMet === null ? '' : isMet ? 'met' : 'missed']);
  }
  return table.toString();
}

/** How many times as long as the reference. */
export function ratio({ median }: ContenderResult, reference: ContenderResult): string {
  return times(median / reference.median);
}

/** What share of the time goes into the call itself. */
export function emptyShare({ median, emptyCall }: ContenderResult): string | undefined {
  return emptyCall === null ? undefined : percent(Math.min(1, emptyCall / median));
}
