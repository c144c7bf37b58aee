// The README's tables of speed, from results/latest.json: node scripts/run.mjs bench/table.ts [--check]
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { goalsOf } from './goals.js';
import { duration } from './numbers.js';
import { emptyShare, ratio } from './report.js';
import { type ContenderResult, readResults, type Results, type WorkResult } from './results.js';

const start = '<!-- bench:start -->';
const end = '<!-- bench:end -->';
const readme = fileURLToPath(new URL('../README.md', import.meta.url));

const goalsIntroduction =
  'What was promised, beside what the same run found; “–” where nothing was. Sessions, pushes, checkpoints, threads and silence are ' +
  'bucle beside itself; a block of silence is the median of seven runs.';

const reference = 'bucle';
const peers = ['onnxruntime-web', 'TF.js wasm'];

const before = await readFile(readme, 'utf8');
const after = replaceBetweenMarkers(before, await tables(await readResults()));
if (process.argv.includes('--check')) {
  if (before !== after) throw new Error('the tables in README.md are not those of bench/results/latest.json');
} else {
  await writeFile(readme, after);
}

function replaceBetweenMarkers(text: string, content: string): string {
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md needs the markers ${start} and ${end}, in this order`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n${text.slice(to)}`;
}

function tables(results: Results): Promise<string> {
  const parts = [libraries(results), caption(results), goalsIntroduction, goals(results)];
  return format(`${parts.join('\n\n')}\n`, { parser: 'markdown', printWidth: 120 });
}

function markdown([columns = [], ...rows]: readonly (readonly string[])[]): string {
  const lines = [columns, columns.map((_, index) => (index === 0 ? '---' : '--:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A row for each work that other libraries do too. */
function libraries({ works }: Results): string {
  const relaxed = works.some((work) => find(work, `${reference}, relaxed`));
  const columns = [
    '',
    'bucle',
    ...(relaxed ? ['bucle, relaxed'] : []),
    ...peers.flatMap((peer) => [peer, '… an empty call']),
  ];
  const rows = works.filter(({ group }) => group === 'libraries').map((work) => row(work, relaxed));
  return markdown([columns, ...rows]);
}

function goals(results: Results): string {
  const rows = goalsOf(results).map(({ what, measured, goal }) => [what, measured, goal ?? '–']);
  return markdown([['', 'measured', 'goal'], ...rows]);
}

function row(work: WorkResult, relaxed: boolean): string[] {
  const own = find(work, reference);
  if (!own) throw new Error(`${work.name}: ${reference} was not measured`);
  const theirs = peers.flatMap((name) => {
    const peer = find(work, name);
    return peer ? [`${duration(peer.median)} (${ratio(peer, own)})`, emptyShare(peer) ?? ''] : ['–', '–'];
  });
  const ownRelaxed = find(work, `${reference}, relaxed`);
  const relaxedCells = relaxed ? [ownRelaxed ? duration(ownRelaxed.median) : '–'] : [];
  return [work.name, duration(own.median), ...relaxedCells, ...theirs];
}

function find({ contenders }: WorkResult, name: string): ContenderResult | undefined {
  return contenders.find(({ peer }) => peer === name);
}

function caption({ cpu, versions, date }: Results): string {
  return (
    `Medians, one thread each, ${cpu}, Node ${versions.node ?? '?'}, onnxruntime-web ` +
    `${versions['onnxruntime-web'] ?? '?'}, TensorFlow.js ${versions['@tensorflow/tfjs-core'] ?? '?'}, ` +
    `${date.slice(0, 10)}. In brackets: how many times as long as bucle. “An empty call” is the share of the peer's time that ` +
    'a call with the same inputs and outputs takes without the work (for training and the WaveNet step: with one Dense layer). Raw samples: ' +
    '[bench/results/latest.json](bench/results/latest.json); `npm run bench` measures them anew.'
  );
}
