import { isAddress, tensorOf, tensorsOf, type Call, type Plan, type Step } from './plan.js';
import type { Size } from './size.js';

/** Where a kernel that works row by row has what. */
interface RowWise {
  /** The arguments that count rows. */
  readonly rows: readonly number[];
  readonly target: number;
  readonly float: number;
}

/** In the order of their codes in assembly/fusion/row-blocks.ts. */
const rowWise: Partial<Record<Step['kernel'], RowWise>> = {
  product: { rows: [6], target: 4, float: -1 },
  activate: { rows: [3], target: 2, float: -1 },
  activateByInput: { rows: [4], target: 3, float: 1 },
  historyAppend: { rows: [2], target: 0, float: -1 },
  historyProduct: { rows: [5], target: 3, float: -1 },
  merge: { rows: [4, 6], target: 3, float: 7 },
};

/** Bytes of a call in memory: twelve entries of two words (assembly/fusion/row-blocks.ts). */
export const callBytes = 96;

/**
 * Joins steps over the same rows into one, `rowBlocks`: parallel products of one input, and what follows upon products, such
 * as activations and merges. It takes a block of rows through all of them, then the next, so the bits stay the same. A
 * product that looks at other rows than its own (a convolution) is joined if these were complete before; in a stream these lie
 * in a history, to which the block's own were appended before.
 */
export function fuseSteps(plan: Plan): void {
  const fused: Step[] = [];
  let group: Call[] = [];
  let groupRows: Size = 0;
  const close = (): void => {
    const [first, second] = group;
    if (first !== undefined && second !== undefined) {
      fused.push({ kernel: 'rowBlocks', arguments: [0, group.length, groupRows], owner: first.owner, calls: group });
    } else if (first !== undefined) fused.push(first);
    group = [];
  };
  for (const step of plan.steps) {
    const rows = rowsOf(step);
    if (rows !== null) {
      if (!isSame(rows, groupRows) || !isComplete(step, group)) close();
      const code = Object.keys(rowWise).indexOf(step.kernel);
      group.push({ ...step, code, float: rowWise[step.kernel]?.float ?? -1 });
      groupRows = rows;
      continue;
    }
    if (!mayComeBefore(step, group)) close();
    fused.push(step);
  }
  close();
  plan.steps.splice(0, plan.steps.length, ...fused);
}

/** The rows that a step goes through, each for itself; null: it does not work so. */
function rowsOf(step: Step): Size | null {
  const places = rowWise[step.kernel]?.rows ?? [];
  const [rows = null, ...others] = places.map((place) => step.arguments[place] as Size);
  const isRowWise =
    others.every((other) => isSame(rows, other)) &&
    tensorsOf(step).every(({ rowBytes, region }) => rowBytes > 0 || region === 'state');
  return isRowWise ? rows : null;
}

/** Whether a step has nothing to do with a group; zeros in front of a tensor's rows or behind them lie apart from these. */
function mayComeBefore(step: Step, group: readonly Step[]): boolean {
  if (step.kernel === 'zero' && step.arguments.some(isAddress)) return true;
  const tensors = new Set(group.flatMap(tensorsOf));
  return !tensorsOf(step).some((tensor) => tensors.has(tensor));
}

/** Whether no step of the group still writes what the step reads in other rows than its own. */
function isComplete({ kernel, arguments: args }: Step, group: readonly Step[]): boolean {
  const [x = 0, , , , , , , taps] = args;
  if (kernel !== 'product' || taps === 1) return true;
  return group.every((other) => {
    const target = other.arguments[rowWise[other.kernel]?.target ?? 0] ?? 0;
    return tensorOf(target) !== tensorOf(x);
  });
}

/** Whether two expressions are alike, of the same symbols. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || 'label' in a) return false;
  return Object.entries(a).every(([key, value]) => isSame(value, (b as Record<string, unknown>)[key]));
}
