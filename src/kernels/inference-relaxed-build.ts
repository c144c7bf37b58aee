import { kernelBuild } from './build.js';
import { compile } from './compiled.js';
import { compileRelaxed } from './compile-relaxed.js';
import { text } from './generated/inference-relaxed.js';

/** Forward kernels only, with fused multiply–add where the machine has it: faster, the last bits may differ. */
export const relaxedInference = /* @__PURE__ */ kernelBuild('relaxed', false, () =>
  compileRelaxed(() => compile(text)),
);
