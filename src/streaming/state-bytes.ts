import type { Graph } from '../graph/graph.js';
import { mismatch } from '../options/options.js';
import type { Workspace } from '../plan/workspace.js';
import { fingerprint, hashWords } from './fingerprint.js';
import { readSequence, sequenceLength, writeSequence } from './sequence-states.js';
import type { StreamRun } from './stream-run.js';

/*
 * The state of sequences as bytes, 32-bit words in little-endian order; docs/formats.md describes them:
 *   'bcls', version, fingerprint of the model [4], sequences, phase, values and last outputs of a sequence, then for each sequence
 *   its values and its last outputs, and a hash of all that [4].
 */

const magic = 0x736c6362;
const version = 1;
const headerWords = 10;
const hashLength = 4;

/** @param sequences which of the batch */
export function encodeState(
  graph: Graph,
  workspace: Workspace,
  run: StreamRun,
  sequences: readonly number[],
): Uint8Array {
  const length = sequenceLength(run);
  const rows = sequences.map(
    (sequence) => [readSequence(run, workspace, sequence), run.lastOutputs(sequence)] as const,
  );
  const lastLength = rows[0]?.[1].length ?? 0;
  const words = new Uint32Array(headerWords + rows.length * (length + lastLength) + hashLength);
  words.set([magic, version, ...fingerprint(graph, workspace), rows.length, run.before, length, lastLength]);
  const floats = new Float32Array(words.buffer);
  rows.forEach(([values, last], i) => {
    const at = headerWords + i * (length + lastLength);
    floats.set(values, at);
    floats.set(last, at + length);
  });
  const end = words.length - hashLength;
  words.set(hashWords(workspace, [words.subarray(0, end)]), end);
  return new Uint8Array(words.buffer);
}

/** A state that was read and found to be one of this model's. */
export interface SavedState {
  readonly sequences: number;
  readonly words: Uint32Array;
}

/** @throws Error when it is none, of a later version, damaged, or another model's. */
export function readState(where: string, graph: Graph, workspace: Workspace, bytes: unknown): SavedState {
  if (!(bytes instanceof Uint8Array)) mismatch(where, 'a Uint8Array', typeof bytes);
  const words = new Uint32Array(bytes.length >> 2);
  new Uint8Array(words.buffer).set(bytes.subarray(0, words.length * 4));
  const [first, saved = 0] = words;
  if (first !== magic) mismatch(where, 'the state of a session', `${bytes.length} bytes of something else`);
  if (saved > version) mismatch(where, `a state of version ${version}`, `one of version ${saved}`);
  const [sequences = 0, , length = 0, lastLength = 0] = words.subarray(6);
  const wanted = headerWords + sequences * (length + lastLength) + hashLength;
  if (bytes.length !== 4 * wanted) mismatch(where, `a state of ${4 * wanted} bytes`, bytes.length);
  const end = words.length - hashLength;
  if (!isSame(hashWords(workspace, [words.subarray(0, end)]), words.subarray(end))) {
    mismatch(where, 'a state as it was saved', 'an altered one');
  }
  if (!isSame(fingerprint(graph, workspace), words.subarray(2, 6))) {
    mismatch(where, 'a state of this model and its weights', 'that of another');
  }
  return { sequences, words };
}

/** Puts states in place, those of several side by side. */
export function writeStates(where: string, workspace: Workspace, run: StreamRun, states: readonly SavedState[]): void {
  const [before = 0] = states.map(({ words }) => words[7] ?? 0);
  const [lastLength = 0] = states.map(({ words }) => words[9] ?? 0);
  if (states.some(({ words }) => words[7] !== before || words[9] !== lastLength)) {
    mismatch(where, 'states at the same place between strides', 'different ones');
  }
  const { warmUp, period } = run.plan.phase;
  const length = sequenceLength(run);
  if (before >= warmUp + period || states.some(({ words }) => words[8] !== length)) {
    mismatch(where, `${length} values of a sequence`, states.map(({ words }) => words[8]).join(', '));
  }
  let target = 0;
  for (const { sequences, words } of states) {
    const floats = new Float32Array(words.buffer);
    for (let i = 0; i < sequences; i++) {
      const at = headerWords + i * (length + lastLength);
      writeSequence(run, workspace, target, floats.subarray(at, at + length));
      run.setLastOutputs(target, floats.subarray(at + length, at + length + lastLength));
      target++;
    }
  }
  run.before = before;
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.every((word, i) => word === b[i]);
}
