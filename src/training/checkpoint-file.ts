import { readModelFile, trainingPrefix } from '../formats/load-model.js';
import type { ModelFile, NamedWeight } from '../formats/topology.js';
import { mismatch, show } from '../options/options.js';
import { readCheckpoint, type Checkpoint } from './checkpoint.js';

/** The tensors of a file that training keeps, by their own names. */
export function trainingTensors(tensors: readonly NamedWeight[]): NamedWeight[] {
  return tensors.flatMap((tensor) =>
    tensor.name.startsWith(trainingPrefix) ? { ...tensor, name: tensor.name.slice(trainingPrefix.length) } : [],
  );
}

/** What a model is compiled with, as a file holds it. @throws Error, naming the argument, for a function: no file can hold it. */
export function storeCompiled(name: string, compiled: object): string {
  return JSON.stringify(compiled, (key, value: unknown) => {
    if (typeof value !== 'function') return value;
    throw new Error(`${name}: compile: ${key}: a function, which no file can hold`);
  });
}

/**
 * Reads a file that a model is to go on from which is there already: it must be of the same layers, compiled with the same arguments.
 * @throws Error, naming what differs; or what is wrong with the file.
 */
export function readCheckpointFile(
  where: string,
  bytes: Uint8Array,
  present: { readonly topology: string; readonly compile: string },
): { readonly file: ModelFile; readonly checkpoint: Checkpoint } {
  const { file, tensors, metadata } = readModelFile(bytes);
  const { topology, compile, training } = metadata;
  if (compile === undefined || training === undefined) mismatch(where, 'a checkpoint', 'a file without the optimizer');
  if (topology !== present.topology) mismatch(where, 'the layers of the checkpoint', 'others');
  checkSame(`${where}: compile`, objectOf(compile), objectOf(present.compile));
  return { file, checkpoint: readCheckpoint(where, { json: training, tensors: trainingTensors(tensors) }) };
}

type Arguments = Readonly<Record<string, unknown>>;

function objectOf(json: string): Arguments {
  return JSON.parse(json) as Arguments;
}

function checkSame(where: string, then: Arguments, now: Arguments): void {
  for (const name of new Set([...Object.keys(then), ...Object.keys(now)])) {
    if (sorted(then[name]) === sorted(now[name])) continue;
    mismatch(`${where}: ${name}`, `${show(then[name])}, as in the checkpoint`, show(now[name]));
  }
}

/** JSON in which the order of fields does not matter. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
