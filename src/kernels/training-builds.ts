import { kernelBuild } from './build.js';
import { compile } from './compiled.js';
import { hex as deterministic } from './generated/training.js';
import { hex as relaxed } from './generated/training-relaxed.js';

/** All kernels; the same bits in every runtime. */
export const deterministicTraining = /* @__PURE__ */ kernelBuild('deterministic', true, () => compile(deterministic));

/** All kernels, with fused multiply–add where the machine has it: faster, the last bits may differ. */
export const relaxedTraining = /* @__PURE__ */ kernelBuild('relaxed', true, () => compile(relaxed));
