/** In workerd the import of a `.wasm` file is a compiled module already; see `compiled.ts`. */
export function compile(module: WebAssembly.Module): WebAssembly.Module {
  return module;
}
