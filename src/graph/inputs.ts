import type { Graph } from './graph.js';
import { numbered } from './numbered.js';
import { printShape } from './shape.js';
import { joinedInputs, type SymbolicTensor } from './layer.js';
import type { PlanRunner, Run } from '../plan/runner.js';
import { mismatch, refuse } from '../options/options.js';
import { batch, evaluate } from '../plan/size.js';
import { isTensorObject, readNumbers, sizeOf, type Numbers, type TensorLike } from '../tensors/tensor.js';

/** One tensor, or several: in the order of the model's inputs (or outputs), or by their layers' names. */
export type TensorsLike = TensorLike | readonly TensorLike[] | Readonly<Record<string, TensorLike>>;

/** The name that users know each of a list of inputs or outputs by. */
export type Names = ReadonlyMap<SymbolicTensor, string>;

/** Its layer's name; a further output of the same call has its number too (lstm:1), a further call of the layer its (lstm@1). */
export function namesOf(symbols: readonly SymbolicTensor[]): Names {
  return numbered(symbols, ({ node, index }) => (index === 0 ? node.layer.title : `${node.layer.title}:${index}`));
}

const axisNames = ['batch', 'time'];

/** How many rows there may be where an input's shape fixes the batch: that many, or several batches of that many. */
export type Rows = 'one batch' | 'batches';

/**
 * Checks what the user gives for a list of symbolic tensors (inputs, targets, cotangents): number, ranks, lengths, batch.
 * @param mayLackLastAxis those of one feature that may be given without an axis for it
 */
export function readTensors(
  where: string,
  symbols: readonly SymbolicTensor[],
  given: unknown,
  allowed: Rows = 'one batch',
  names = namesOf(symbols),
  mayLackLastAxis: ReadonlySet<SymbolicTensor> = new Set(),
): Numbers[] {
  const titles = symbols.map((symbolic) => names.get(symbolic) ?? '');
  const read = pick(where, titles, given).map((value, i) => {
    const symbolic = symbols[i];
    const title = `${where}: "${titles[i] ?? ''}"`;
    const numbers = readNumbers(value, title);
    if (symbolic === undefined) return numbers;
    const isLacking = mayLackLastAxis.has(symbolic) && numbers.shape.length === symbolic.shape.length - 1;
    return fit(title, symbolic, isLacking ? { ...numbers, shape: [...numbers.shape, 1] } : numbers, allowed);
  });
  const [first, ...others] = read;
  const rows = first?.shape[0] ?? 0;
  if (rows === 0) throw new RangeError(`${where}: expected a batch of at least 1, got 0`);
  for (const other of others) {
    if (other.shape[0] !== rows) {
      mismatch(where, 'as many rows in each', read.map(({ shape }) => shape[0]).join(' and '));
    }
  }
  return read;
}

/** One value for each name. */
export function pick(where: string, names: readonly string[], given: unknown): unknown[] {
  if (Array.isArray(given)) {
    // One tensor may stand in a list of its own, as in Keras; a nested array of one row is no such list.
    if (names.length === 1) return given.length === 1 && isTensorObject(given[0]) ? given : [given];
    if (given.length === names.length) return given;
  } else if (typeof given === 'object' && given !== null && !ArrayBuffer.isView(given) && !isTensorObject(given)) {
    const values: Record<string, unknown> = { __proto__: null, ...given };
    for (const name of Object.keys(values)) {
      if (!names.includes(name)) mismatch(where, names.map((n) => `"${n}"`).join(', '), `"${name}"`);
    }
    return names.map((name) => values[name] ?? mismatch(where, `"${name}"`, 'none'));
  } else if (names.length === 1) {
    return [given];
  }
  const came = Array.isArray(given) ? `an array of ${given.length}` : 'one';
  mismatch(where, `${names.length} tensors (${names.join(', ')})`, came);
}

/** Checks the lengths that are known. Nested arrays without any step have lost their feature axis: it is put back. */
function fit(where: string, symbolic: SymbolicTensor, numbers: Numbers, allowed: Rows): Numbers {
  const expected = symbolic.shape;
  const isEmptySequence = expected.length === 3 && numbers.shape.length === 2 && numbers.shape[1] === 0;
  const shape = isEmptySequence ? [...numbers.shape, symbolic.features] : numbers.shape;
  const fits =
    shape.length === expected.length &&
    expected.every((length, axis) => {
      const came = shape[axis] ?? 0;
      return length === null || length === came || (axis === 0 && allowed === 'batches' && came % length === 0);
    });
  if (!fits) {
    mismatch(where, `shape ${printShape(expected, axisNames)}`, printShape(numbers.shape));
  }
  if (symbolic.dtype === 'bool' && !numbers.data.every((value) => value === 0 || value === 1)) {
    mismatch(where, 'a mask of 0 and 1', 'other values');
  }
  return { data: numbers.data, shape };
}

/** The batch size of a run over many rows: as given, or as an input's shape fixes it, or `fallback`. */
export function batchSizeOf(
  where: string,
  symbols: readonly SymbolicTensor[],
  given: number | undefined,
  fallback: number,
): number {
  const fixed = symbols.map(({ shape }) => shape[0] ?? null).find((length) => length !== null);
  if (fixed !== undefined && given !== undefined && given !== fixed) {
    refuse(`${where}: batchSize`, `${fixed}, which the input's shape fixes`, given);
  }
  return given ?? fixed ?? fallback;
}

/** Tells a run how large it is, from its inputs and a number of rows (a batch may be a part of them). */
export function setSizes(run: Run, symbols: readonly SymbolicTensor[], given: readonly Numbers[], rows: number): void {
  run.set(batch, rows);
  symbols.forEach((symbolic, i) => {
    const { time } = symbolic;
    if (time === null) return;
    const steps = given[i]?.shape[1] ?? 0;
    if (typeof time === 'object' && time.op === 'symbol') run.set(time, steps);
  });
}

/**
 * Makes room for a run whose sizes are set.
 * @throws RangeError when memory cannot hold it: it names the figure, the batch and the lengths.
 */
export function prepareRun(where: string, runner: PlanRunner, run: Run, given: readonly Numbers[]): void {
  try {
    runner.prepare(run);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const rows = run.sizes.get(batch) ?? 0;
    const lengths = given.map(({ shape }) => `[${[rows, ...shape.slice(1)].join(', ')}]`).join(', ');
    throw new RangeError(`${where}: a batch of shape ${lengths} does not fit: ${error.message}`, { cause: error });
  }
}

/** A mask must have as many steps as what it masks, and inputs that are joined as many as each other. */
export function checkMasks(where: string, graph: Graph, run: Run): void {
  const stepsOf = (tensor: SymbolicTensor | null | undefined): number | null => {
    const time = tensor?.time ?? null;
    return time === null ? null : evaluate(time, run.sizes);
  };
  for (const node of graph.nodes) {
    const { layer, inputs, mask } = node;
    const [steps, masked] = [stepsOf(inputs[0]), stepsOf(mask)];
    const isOwn = layer.definition.mixesBatches !== true;
    if (isOwn && steps !== null && masked !== null && masked !== steps) {
      mismatch(`${where}: ${layer.title}`, `a mask of ${steps} steps, as its input has`, masked);
    }
    const lengths = new Set(joinedInputs(node).map(stepsOf));
    if (lengths.size > 1) mismatch(`${where}: ${layer.title}`, 'inputs of as many steps', [...lengths].join(' and '));
  }
}

/** Throws unless values are what a layer wants. */
export type ValueCheck = (values: Float32Array, shape?: readonly number[]) => void;

/** What layers want of an input's values, beside their shape: Embedding numbers of rows. */
export function checksOf(where: string, { nodes }: Pick<Graph, 'nodes'>, input: SymbolicTensor): ValueCheck[] {
  return nodes.flatMap(({ layer, inputs: [own] }) => {
    const { definition, config, title } = layer;
    if (definition.checkInput === undefined || own === undefined || !isTakenFrom(own, input)) return [];
    const path = `${where}: ${title}`;
    return [(values: Float32Array, shape?: readonly number[]) => definition.checkInput?.(config, path, values, shape)];
  });
}

/** Checks the values of all inputs. */
export function checkValues(where: string, graph: Graph, given: readonly Numbers[]): void {
  graph.inputs.forEach((input, i) => {
    const numbers = given[i];
    if (numbers === undefined) return;
    for (const check of checksOf(where, graph, input)) check(numbers.data, numbers.shape);
  });
}

/** Whether a tensor's values are those of an input, moved at most. */
function isTakenFrom({ node, index }: SymbolicTensor, input: SymbolicTensor): boolean {
  if (node === input.node && index === input.index) return true;
  const sources = node.inside === null ? node.inputs : node.inside.slice(index, index + 1);
  return sources.some((source) => isTakenFrom(source, input));
}

/** Values of one row. */
export function rowLength(numbers: Numbers): number {
  return sizeOf(numbers.shape.slice(1));
}

/** The values of `count` rows; the array itself where that is all of them. */
export function rangeOf(numbers: Numbers, from: number, count: number): Float32Array {
  const length = rowLength(numbers);
  if (from === 0 && count === numbers.shape[0]) return numbers.data;
  return numbers.data.subarray(from * length, (from + count) * length);
}
