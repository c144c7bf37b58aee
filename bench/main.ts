// bucle beside its peers: npm run bench [-- part of a work's name]
// With a name, only those works run and results/latest.json stays as it is.
import { cleanShare, createCanary } from './canary.js';
import type { Peer } from './contender.js';
import { measureLimit } from './limit.js';
import { bucle, bucleRelaxed } from './peers/bucle.js';
import { onnxruntimeWeb } from './peers/onnxruntime-web.js';
import { tfjsCore } from './peers/tfjs-core.js';
import { tfjs } from './peers/tfjs.js';
import { reportRun, reportWork } from './report.js';
import { type Results, type WorkResult, writeResults } from './results.js';
import { describeRuntime, hasRelaxedSimd } from './runtime.js';
import { runWork } from './work.js';
import { works } from './works.js';

const [wanted = ''] = process.argv.slice(2);
const chosen = works.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0) throw new Error(`no work is named like "${wanted}"`);

const peers: Peer[] = [
  bucle,
  ...(hasRelaxedSimd() ? [bucleRelaxed] : []),
  onnxruntimeWeb,
  tfjs('wasm'),
  tfjsCore,
  tfjs('cpu'),
];
const canary = await createCanary();
const limit = await measureLimit(canary);
const done: WorkResult[] = [];
for (const work of chosen) {
  const result = await runWork(work, peers, canary);
  console.log(`${reportWork(result, limit)}\n`);
  done.push(result);
}

const results = summarise(done);
console.log(reportRun(results));
if (chosen.length === works.length) console.log(`written: ${await writeResults(results)}`);

function summarise(finished: readonly WorkResult[]): Results {
  const { versions, ...runtime } = describeRuntime();
  const contenders = finished.flatMap((work) => work.contenders);
  return {
    date: new Date().toISOString(),
    ...runtime,
    versions: Object.assign({}, versions, ...peers.map((peer) => peer.versions)) as Record<string, string>,
    threads: Object.fromEntries(peers.map(({ name, threads }) => [name, threads])),
    limit,
    canary: {
      seconds: canary.bestTime(),
      share: cleanShare,
      batchesKept: contenders.reduce((sum, { samples }) => sum + samples.length, 0),
      batchesDiscarded: contenders.reduce((sum, { batchesDiscarded }) => sum + batchesDiscarded, 0),
    },
    works: finished,
  };
}
