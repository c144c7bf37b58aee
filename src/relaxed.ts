/**
 * Kernels with fused multiply–add, which the user alone can choose: `sequential({ layers, kernels: relaxed })`. Faster where
 * the machine has it; the last bits may differ from machine to machine.
 */
export { relaxedTraining as relaxed } from './kernels/training-relaxed-build.js';
export { relaxedInference } from './kernels/inference-relaxed-build.js';
