// bucle beside its peers, and beside itself: npm run bench [-- --only <a group, or part of a work's name>] [--quick]
// With --only, which may come several times, the others are left out; with --quick all run, but hardly long enough to be measured.
// Both leave results/latest.json as it is.
import { parseArgs } from 'node:util';
import { type Canary, cleanShare, createCanary } from './canary.js';
import { type Group, groups } from './groups.js';
import { measureLimit } from './limit.js';
import { defaultOptions, longOptions, type MeasureOptions, quickOptions } from './measure.js';
import { reportGoals, reportRun, reportSilence, reportWork } from './report.js';
import { type Results, type SilenceResult, type WorkResult, writeResults } from './results.js';
import { describeRuntime } from './runtime.js';
import { measureSilence, quickSilence, silenceOptions } from './silence.js';
import { silenceWorks } from './silence-works.js';
import { runWork } from './work.js';
import type { Work } from './works.js';

const { values, positionals } = parseArgs({
  options: { only: { type: 'string', multiple: true, default: [] }, quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const wanted = [...values.only, ...positionals];
const isWanted = (group: string, name: string) =>
  wanted.length === 0 || wanted.some((part) => part === group || name.includes(part));
const chosen = groups.map((group) => ({
  ...group,
  works: group.works.filter(({ name }) => isWanted(group.name, name)),
}));
const silences = silenceWorks.filter(({ name }) => isWanted('silence', name));
if (silences.length === 0 && chosen.every(({ works }) => works.length === 0)) {
  const names = [...groups.map(({ name }) => name), 'silence'].join(', ');
  throw new Error(`no work is named like "${wanted.join('" or "')}"; the groups are ${names}`);
}

const canary = await createCanary();
const limit = await measureLimit(canary);
const works = await runGroups(chosen, canary);
const silence = silences.map((work): SilenceResult => {
  const result = measureSilence(work, canary, values.quick ? quickSilence : silenceOptions);
  console.log(`${reportSilence(result)}\n`);
  return result;
});
const results = summarise(works, silence);
console.log(`${reportGoals(results)}\n`);
console.log(reportRun(results));
if (wanted.length === 0 && !values.quick) {
  console.log(`written: ${await writeResults(results)}; into README.md: node scripts/run.mjs bench/table.ts`);
}

async function runGroups(wantedGroups: readonly Group[], guard: Canary): Promise<WorkResult[]> {
  const done: WorkResult[] = [];
  for (const group of wantedGroups) {
    for (const work of group.works) {
      const result = await runWork(work, group, guard, optionsOf(work));
      console.log(`${reportWork(result, limit)}\n`);
      done.push(result);
    }
  }
  return done;
}

function optionsOf({ kind }: Work): MeasureOptions {
  if (values.quick) return quickOptions;
  return kind === 'epoch' || kind === 'checkpoint' || kind === 'threads' ? longOptions : defaultOptions;
}

function summarise(finished: readonly WorkResult[], silent: readonly SilenceResult[]): Results {
  const { versions, ...runtime } = describeRuntime();
  const contenders = finished.flatMap((work) => work.contenders);
  const peers = groups.flatMap((group) => group.peers);
  return {
    date: new Date().toISOString(),
    ...runtime,
    versions: Object.assign({}, versions, ...peers.map((peer) => peer.versions)) as Record<string, string>,
    threads: Object.fromEntries(groups[0].peers.map(({ name, threads }) => [name, threads])),
    limit,
    canary: {
      seconds: canary.bestTime(),
      share: cleanShare,
      batchesKept: contenders.reduce((sum, { samples }) => sum + samples.length, 0),
      batchesDiscarded: contenders.reduce((sum, { batchesDiscarded }) => sum + batchesDiscarded, 0),
    },
    works: finished,
    silence: silent,
  };
}
