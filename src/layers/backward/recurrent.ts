import { rowsOf, type BackwardContext, type Rows } from '../../graph/backward.js';
import type { PlanTensor } from '../../plan/plan.js';
import { add, less, multiply } from '../../plan/size.js';
import type { RecurrentConfig } from '../recurrent.js';
import { emitDroppedGradient, emitDroppedInputGradient, emitDroppedStateGradient } from './recurrent-dropout.js';

/** What SimpleRNN, LSTM and GRU share on the way back. Steps are counted in the order in which forward took them. */

/** The mask in the order of the steps; 0: none. */
export function stepMask({ forward }: BackwardContext, { goBackwards }: RecurrentConfig): PlanTensor | 0 {
  if (forward.mask === null) return 0;
  return goBackwards ? forward.kept('reversedMask') : forward.mask;
}

/** The gradient of every step's h; 0: only the last step's h is an output. */
export function sequenceGradient(context: BackwardContext, { returnSequences }: RecurrentConfig): PlanTensor | 0 {
  return returnSequences ? (context.outputGradient() ?? 0) : 0;
}

/**
 * A [B, units] tensor that holds the gradient of final state `index` (h: 0, c: 1); the backward kernel turns it into that
 * of the initial state.
 */
export function emitStateGradient(context: BackwardContext, config: RecurrentConfig, index: number): PlanTensor {
  const gradient = context.scratch(`d(state ${index})`, [context.forward.batch], config.units);
  context.emit('zero', gradient, gradient.bytes);
  const last = index === 0 && !config.returnSequences ? context.outputGradient() : null;
  const state = config.returnState ? context.outputGradient(1 + index) : null;
  if (last !== null) context.emitAdd(gradient, last);
  if (state !== null) context.emitAdd(gradient, state);
  return gradient;
}

/** Hands the gradient of an initial state on to where the state came from. */
export function emitInitialStateGradient(context: BackwardContext, index: number, gradient: PlanTensor): void {
  const target = context.initialStateGradient(index);
  if (target !== null) context.emitAdd(target, gradient);
}

/** dU += h_{t−1}ᵀ·dz_t over all steps, for one part of the recurrent weights: h_{−1} is the initial state. */
export function emitRecurrentGradient(context: BackwardContext, dz: PlanTensor, offset: number, part: number): void {
  const { forward } = context;
  const laterRows = less(forward.rows, forward.batch);
  const firstRows = add(forward.rows, multiply(-1, laterRows));
  const first = rowsOf(dz, offset);
  const later = rowsOf(dz, add(offset, multiply(forward.batch, dz.rowBytes)));
  const factors = forward.found('recurrentDropoutFactors');
  if (factors !== undefined) {
    emitDroppedStateGradient(context, factors, first, later, part);
    return;
  }
  context.emitWeightGradient('recurrentKernel', rowsOf(forward.kept('hInitial')), first, firstRows, part);
  context.emitWeightGradient('recurrentKernel', rowsOf(forward.kept('sequence')), later, laterRows, part);
}

/** Gradients of kernel, bias and input from those of z = x·W + b; `parts` say where each part's columns lie in a row of z. */
export function emitKernelGradients(
  context: BackwardContext,
  config: RecurrentConfig,
  dz: PlanTensor,
  parts: readonly number[],
): void {
  const { forward } = context;
  const dropped = forward.found('dropped');
  const x = config.goBackwards ? forward.kept('reversed') : (dropped ?? forward.input());
  const factors = forward.found('dropoutFactors');
  const isGateByGate = factors !== undefined && dropped === undefined;
  const columns = parts.map((offset): Rows => rowsOf(dz, offset));
  columns.forEach((rows, part) => {
    if (isGateByGate) emitDroppedGradient(context, 'kernel', factors, x, rows, forward.steps, part);
    else context.emitWeightGradient('kernel', rowsOf(x), rows, forward.rows, part);
    context.emitBiasGradient('bias', rows, forward.rows, part);
  });
  const dx = context.inputGradient();
  if (dx === null) return;
  // The way that x went forwards, from its end: reversed, dropped for all gates alike.
  const made = (name: string): PlanTensor => {
    const tensor = context.scratch(name, forward.leading, forward.features());
    context.emit('zero', tensor, tensor.bytes);
    return tensor;
  };
  const beforeReversal = dropped === undefined ? dx : made('d(dropped)');
  const target = config.goBackwards ? made('d(reversed)') : beforeReversal;
  columns.forEach((rows, part) => {
    if (isGateByGate) emitDroppedInputGradient(context, factors, rows, target, part);
    else context.emitInputGradient('kernel', rows, rowsOf(target), forward.rows, forward.features(), part);
  });
  if (config.goBackwards) {
    const stepBytes = multiply(forward.batch, dx.rowBytes);
    context.emit('reverseTime', target, beforeReversal, forward.steps, stepBytes, 1);
  }
  if (dropped !== undefined && factors !== undefined) {
    context.emit('addProduct', beforeReversal, factors, dx, forward.rows, forward.features(), forward.batch);
  }
}
