import { historyHeader, type PlanTensor, type SequencePart } from '../plan/plan.js';
import { evaluate } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { copyValues } from './copy-values.js';
import type { StreamRun } from './stream-run.js';

/*
 * What the states of a run hold of one sequence, in an order that depends neither on the batch nor on where histories lie: tensor
 * by tensor, each from its oldest place on, rows without their padding.
 */

/** The states of one sequence, one value behind the other. */
export function readSequence(run: StreamRun, { floats, words }: Workspace, sequence: number): Float32Array {
  const values = new Float32Array(sequenceLength(run));
  let end = 0;
  forEachRow(run, words, sequence, (at, count) => {
    copyValues(floats, at, values, end, count);
    end += count;
  });
  return values;
}

/** Puts values of `readSequence` in place. */
export function writeSequence(
  run: StreamRun,
  { floats, words }: Workspace,
  sequence: number,
  values: Float32Array,
): void {
  let end = 0;
  forEachRow(run, words, sequence, (at, count) => {
    copyValues(values, end, floats, at, count);
    end += count;
  });
}

/** How many values `readSequence` gives. */
export function sequenceLength(run: StreamRun): number {
  return run.plan.states.reduce(
    (sum, { tensor, part }) => sum + placesIn(run, tensor, part) * part.rows * part.features,
    0,
  );
}

/** A sequence of a run. */
export interface Sequence {
  readonly run: StreamRun;
  readonly index: number;
}

/** Copies the states of sequences of many runs of one plan into one run, in their order; or, `back`, out of it again. */
export function moveSequences(
  workspace: Workspace,
  sequences: readonly Sequence[],
  together: StreamRun,
  back: boolean,
): void {
  const list = workspace.allocate(12 * sequences.length);
  const { words, kernels } = workspace;
  together.plan.states.forEach(({ tensor, part }, state) => {
    const { kept, rows, rowBytes } = part;
    let at = list / 4;
    for (const { run, index } of sequences) {
      words[at] = run.addresses[state] ?? 0;
      words[at + 1] = placeBytes(run, part);
      words[at + 2] = index * rows * rowBytes;
      at += 3;
    }
    const [places, target] = [placesIn(together, tensor, part), together.addresses[state] ?? 0];
    kernels.moveSequences(list, sequences.length, kept ?? -1, places, rows * rowBytes, target, back ? 1 : 0);
  });
  workspace.release(list);
}

/** Calls `visit` with where each row begins, in floats, and how many values it has. */
function forEachRow(
  run: StreamRun,
  words: Int32Array,
  sequence: number,
  visit: (at: number, count: number) => void,
): void {
  for (const [state, { tensor, part }] of run.plan.states.entries()) {
    const first = firstPlace(run, words, state, part, sequence);
    for (let place = 0; place < placesIn(run, tensor, part); place++) {
      for (let row = 0; row < part.rows; row++) {
        visit(first + (place * placeBytes(run, part) + row * part.rowBytes) / 4, part.features);
      }
    }
  }
}

/** Where a sequence's oldest place lies, in floats. */
function firstPlace(run: StreamRun, words: Int32Array, state: number, part: SequencePart, sequence: number): number {
  const address = run.addresses[state] ?? 0;
  const own = sequence * part.rows * part.rowBytes;
  if (part.kept === null) return (address + own) / 4;
  // A fresh history says 0, and its past is the zeros in front (assembly/conv/history-append.ts).
  const kept = part.kept * run.batch;
  const end = Math.max(words[address / 4] ?? 0, kept);
  return (address + historyHeader + (end - kept) * part.rowBytes + own) / 4;
}

function placesIn(run: StreamRun, tensor: PlanTensor, part: SequencePart): number {
  return part.kept ?? evaluate(tensor.bytes, run.run.sizes) / placeBytes(run, part);
}

/** From one place to the next. */
function placeBytes({ batch }: StreamRun, { rows, rowBytes }: SequencePart): number {
  return batch * rows * rowBytes;
}
