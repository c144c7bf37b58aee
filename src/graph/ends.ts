import type { Plan, PlanTensor } from '../plan/plan.js';
import { batch, multiply, type Size } from '../plan/size.js';
import { axesBetween, copyArguments } from './copy.js';
import type { SymbolicTensor } from './layer.js';
import { innerAxes, viewAs } from './view.js';

/**
 * Emits the way from a user's dense [B, T, F] to a time-major, padded tensor; returns the dense staging block.
 * @param role what the user's numbers are, for errors and explain().
 */
export function emitInput(plan: Plan, symbolic: SymbolicTensor, target: PlanTensor, role = 'given'): PlanTensor {
  const { node, shape, time, isDense, features } = symbolic;
  const { title } = node.layer;
  const inner = innerAxes(shape);
  const steps = time ?? 1;
  const dense = plan.dense(`${title} (${role})`, [batch, steps, ...inner, features]);
  plan.given.add(dense);
  if (isDense) {
    const rows = plan.rows(`${title} (rows)`, [steps, batch], 1);
    plan.emit(title, 'importRows', dense, rows, batch, steps, 1);
    plan.emit(title, 'exportRows', rows, target, 1, multiply(steps, batch), 1);
  } else if (inner.length === 0) {
    plan.emit(title, 'importRows', dense, target, batch, steps, features);
  } else {
    const rows = plan.rows(`${title} (rows)`, [batch, steps, ...inner], features);
    plan.emit(title, 'importRows', dense, rows, [batch, steps, ...inner].reduce(multiply), 1, features);
    const { lengths, strides } = viewAs(shape, steps, batch);
    // Whole rows: what pads them is 0, and stays so.
    const padded = [...lengths.slice(0, -1), rows.rowBytes / 4];
    const axes = axesBetween(padded, denseStrides(padded, rows.rowBytes), strides);
    plan.emit(title, 'copyRows', ...copyArguments({ axes }, rows, target));
  }
  return dense;
}

/** Emits the way from a tensor of the plan to a dense [B, T, F] block that is there after the run. */
export function emitOutput(plan: Plan, symbolic: SymbolicTensor, source: PlanTensor, time = symbolic.time): PlanTensor {
  const { node, shape, features } = symbolic;
  const { title } = node.layer;
  const inner = innerAxes(shape);
  const dense = plan.dense(`${title} (taken)`, [batch, time ?? 1, ...inner, features]);
  plan.wanted.add(dense);
  if (inner.length === 0) {
    plan.emit(title, 'exportRows', source, dense, batch, time ?? 1, features);
  } else {
    const { lengths, strides } = viewAs(shape, time, batch);
    const axes = axesBetween(lengths, strides, denseStrides(lengths, 4 * features));
    plan.emit(title, 'copyRows', ...copyArguments({ axes }, source, dense));
  }
  return dense;
}

/** Strides of an array whose axes lie in their order, rows so many bytes apart. */
function denseStrides(lengths: readonly Size[], rowBytes: number): Size[] {
  const rows = lengths.slice(0, -1);
  return [...rows.map((_, i) => rows.slice(i + 1).reduce(multiply, rowBytes)), 4];
}
