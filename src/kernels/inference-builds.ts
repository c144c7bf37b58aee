import { kernelBuild } from './build.js';
import { compile } from './compiled.js';
import { hex as deterministic } from './generated/inference.js';
import { hex as relaxed } from './generated/inference-relaxed.js';

/** Forward kernels only; the same bits in every runtime. */
export const deterministicInference = /* @__PURE__ */ kernelBuild('deterministic', false, () => compile(deterministic));

/** Forward kernels only, with fused multiply–add where the machine has it: faster, the last bits may differ. */
export const relaxedInference = /* @__PURE__ */ kernelBuild('relaxed', false, () => compile(relaxed));
