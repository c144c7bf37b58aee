import { kernelBuild } from './build.js';
import { compile } from './compiled.js';
import { compileRelaxed } from './compile-relaxed.js';
import { text } from './generated/training-relaxed.js';

/** All kernels, with fused multiply–add where the machine has it: faster, the last bits may differ. */
export const relaxedTraining = /* @__PURE__ */ kernelBuild('relaxed', true, () => compileRelaxed(() => compile(text)));
