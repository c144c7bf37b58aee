import { kernelBuild } from './build.js';
import { compile } from './compiled.js';
import { text } from './generated/inference.js';

/** Forward kernels only; the same bits in every runtime. */
export const deterministicInference = /* @__PURE__ */ kernelBuild('deterministic', false, () => compile(text));
