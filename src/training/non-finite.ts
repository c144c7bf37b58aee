import { tensorsOf, type PlanTensor } from '../plan/plan.js';
import { evaluate } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Parameters } from './parameters.js';
import type { TrainingPlan } from './training-plan.js';

/** The loss, the gradients or the step of a batch were NaN or infinite. The weights are those of the last good batch. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError';
  /** Counted from 0; undefined outside `fit`. */
  readonly epoch: number | undefined;
  readonly batch: number | undefined;
  /** The first tensor of the batch's run, or of the step after it, that was not finite. */
  readonly tensor: string;
  readonly gradientNorm: number;

  constructor(model: string, what: string, place: BatchPlace, tensor: string, gradientNorm: number) {
    const where =
      place.epoch === undefined ? 'this batch' : `epoch ${place.epoch + 1}, batch ${(place.batch ?? 0) + 1}`;
    super(
      `${model}: ${what} in ${where}: the first bad tensor is ${tensor}; the gradients' norm is ${gradientNorm}. ` +
        'The weights are those of the last good batch. Try a smaller learning rate, clipping (globalClipNorm: 1), or scaled inputs.',
    );
    this.epoch = place.epoch;
    this.batch = place.batch;
    this.tensor = tensor;
    this.gradientNorm = gradientNorm;
  }
}

export interface BatchPlace {
  readonly epoch?: number;
  readonly batch?: number;
}

/** What `firstBadTensor` says where it finds none. */
export const nothingBad = 'none of the plan (the sum of the errors overflowed)';

/**
 * Finds the first tensor that is not finite, by running the staged batch again, one step at a time: in the plan a tensor's
 * place may hold another tensor's values later on.
 */
export function firstBadTensor(plan: TrainingPlan, workspace: Workspace, parameters: Parameters): string {
  const { runner, run } = plan;
  const isBad = (address: number, bytes: number): boolean => {
    const count = Math.floor(bytes / 4);
    // The kernel reads whole quads: what it finds behind the last float is not the tensor's.
    const found = trainingKernels(workspace).firstNonFinite(address, count);
    return found >= 0 && found < count;
  };
  for (const { path, values, count } of parameters.list) if (isBad(values, 4 * count)) return `the weight ${path}`;
  for (const tensor of plan.compiled.plan.given) {
    if (tensor !== plan.randomness.indices && isBad(runner.address(tensor, run), evaluate(tensor.bytes, run.sizes))) {
      return tensor.name;
    }
  }
  const known = new Set<PlanTensor>(plan.compiled.plan.given);
  for (const [i, step] of plan.compiled.plan.steps.slice(0, plan.steps).entries()) {
    runner.execute(run, i, i + 1);
    for (const tensor of tensorsOf(step)) {
      const isOwn = !known.has(tensor) || step.arguments.length > 2;
      known.add(tensor);
      // Sums of errors are no float32 numbers; other wanted tensors, such as penalized outputs, have rows.
      const isSum = plan.compiled.plan.wanted.has(tensor) && tensor.rowBytes === 0;
      if (!isOwn || plan.compiled.plan.given.has(tensor) || isSum) continue;
      if (isBad(runner.address(tensor, run), evaluate(tensor.bytes, run.sizes))) {
        return `${tensor.name} (after ${step.kernel} of ${step.owner})`;
      }
    }
  }
  return nothingBad;
}
