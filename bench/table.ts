// The README's table of speed, from results/latest.json: node scripts/run.mjs bench/table.ts [--check]
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { duration, emptyShare, ratio } from './report.js';
import { type ContenderResult, readResults, type Results, type WorkResult } from './results.js';

const start = '<!-- bench:start -->';
const end = '<!-- bench:end -->';
const readme = fileURLToPath(new URL('../README.md', import.meta.url));

const reference = 'bucle';
const peers = ['onnxruntime-web', 'TF.js wasm'];

const before = await readFile(readme, 'utf8');
const after = replaceBetweenMarkers(before, await table(await readResults()));
if (process.argv.includes('--check')) {
  if (before !== after) throw new Error('the table in README.md is not that of bench/results/latest.json');
} else {
  await writeFile(readme, after);
}

function replaceBetweenMarkers(text: string, content: string): string {
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md needs the markers ${start} and ${end}, in this order`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n${text.slice(to)}`;
}

async function table(results: Results): Promise<string> {
  const relaxed = results.works.some((work) => find(work, `${reference}, relaxed`));
  const columns = [
    '',
    'bucle',
    ...(relaxed ? ['bucle, relaxed'] : []),
    ...peers.flatMap((peer) => [peer, '… an empty call']),
  ];
  const rows = results.works.map((work) => row(work, relaxed));
  const lines = [columns, columns.map((_, index) => (index === 0 ? '---' : '--:')), ...rows];
  const markdown = `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n${caption(results)}\n`;
  return format(markdown, { parser: 'markdown', printWidth: 120 });
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
    'a call with the same inputs and outputs takes without the work (for training: with one Dense layer). Raw samples: ' +
    '[bench/results/latest.json](bench/results/latest.json); `npm run bench` measures them anew.'
  );
}
