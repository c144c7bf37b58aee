/** Compiles a module with relaxed SIMD, and says what to do where the runtime has none. */
export function compileRelaxed(compile: () => WebAssembly.Module): WebAssembly.Module {
  try {
    return compile();
  } catch (error) {
    throw new Error(
      'bucle/relaxed: this runtime cannot compile relaxed SIMD: Node 20 wants --experimental-wasm-relaxed-simd; ' +
        'Node 22 and later, Deno, Bun and Chromium have it; elsewhere leave out kernels: relaxed',
      { cause: error },
    );
  }
}
