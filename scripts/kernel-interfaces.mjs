// The kernels' TypeScript signatures, from the declarations that asc writes with `--bindings raw`.
// (Its .js half is of no use here: it instantiates asynchronously.)

/**
 * @typedef {object} Kernel
 * @property {string} name
 * @property {string} parameters as in TypeScript, `x: number, count: number`
 * @property {'number' | 'void'} result
 * @property {string} documentation the AssemblyScript types, as asc documents them
 */

/**
 * @param {string} declarations the .d.ts of one module
 * @returns {Kernel[]}
 */
export function parseKernels(declarations) {
  const kernels = [];
  const pattern = /\/\*\*\n((?: {3}\*[^\n]*\n)*?) {3}\*\/\n {2}export function (\w+)\(([^)]*)\): (\w+);/g;
  for (const [, documentation = '', name = '', parameters = '', result = ''] of declarations.matchAll(pattern)) {
    const types = parameters === '' ? [] : parameters.split(', ').map((parameter) => parameter.split(': ')[1]);
    // Another type would cross as BigInt, or not at all (v128); an optional parameter traps in a raw instance.
    if (types.some((type) => type !== 'number') || (result !== 'number' && result !== 'void')) {
      throw new Error(
        `kernel ${name}: expected every parameter to be a number and the result a number or void, ` +
          `got (${parameters}): ${result}`,
      );
    }
    if (parameters.includes('?')) throw new Error(`kernel ${name}: an export needs all of its parameters`);
    kernels.push({ name, parameters, result: /** @type {'number' | 'void'} */ (result), documentation });
  }
  const declared = declarations.match(/^ {2}export /gm)?.length ?? 0;
  if (kernels.length + 1 !== declared) {
    throw new Error(`expected a memory and functions alone to be exported, got:\n${declarations}`);
  }
  return kernels;
}

/**
 * @param {string} inference declarations of the inference module
 * @param {string} training declarations of the training module, which must hold all of the former
 * @returns {string} a TypeScript module
 */
export function kernelInterfaces(inference, training) {
  const base = parseKernels(inference);
  const all = parseKernels(training);
  const missing = base.filter(({ name }) => !all.some((kernel) => kernel.name === name));
  if (missing.length > 0) {
    throw new Error(`assembly/training.ts must export every kernel of assembly/inference.ts, lacks ${names(missing)}`);
  }
  const added = all.filter(({ name }) => !base.some((kernel) => kernel.name === name));
  return `// Written by scripts/build-kernels.mjs from the declarations of the AssemblyScript compiler.

/** What every build exports. */
export interface InferenceKernels {
  /** A WebAssembly.Memory, by what is used of it: declarations need ECMAScript's types alone. */
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
${base.map(member).join('')}}

/** What the training builds export. */
export interface TrainingKernels extends InferenceKernels {
${added.map(member).join('')}}
`;
}

/**
 * Members are properties, not methods, so that taking one off its object is sound to TypeScript and eslint.
 * @param {Kernel} kernel
 */
function member({ name, parameters, result, documentation }) {
  const comment = documentation.replaceAll(/^ {3}/gm, '   ');
  return `  /**\n${comment}   */\n  ${name}: (${parameters}) => ${result};\n`;
}

/** @param {readonly Kernel[]} kernels */
function names(kernels) {
  return kernels.map(({ name }) => name).join(', ');
}
