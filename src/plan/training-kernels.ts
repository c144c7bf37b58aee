import type { TrainingKernels } from '../kernels/generated/kernels.js';
import type { Workspace } from './workspace.js';

/** The kernels of a workspace, for whom needs backward ones, optimizers or random numbers. */
export function trainingKernels({ build, kernels, owner }: Workspace): TrainingKernels {
  if (build.training) return kernels;
  throw new Error(
    `${owner}: training needs the training kernels, and this model was built with inference kernels only`,
  );
}

/** The memory as integers; good until it grows. */
export function integersOf({ kernels }: Workspace): Int32Array {
  return new Int32Array(kernels.memory.buffer);
}

/** The memory as float64; good until it grows. */
export function doublesOf({ kernels }: Workspace): Float64Array {
  return new Float64Array(kernels.memory.buffer);
}
