import { kernelBuild } from './build.js';
import { compile } from './compiled.js';
import { text } from './generated/training.js';

/** All kernels; the same bits in every runtime. */
export const deterministicTraining = /* @__PURE__ */ kernelBuild('deterministic', true, () => compile(text));
