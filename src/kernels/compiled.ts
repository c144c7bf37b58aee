/**
 * Bytes of a module from their hexadecimal text. Text in a JavaScript module needs no fetch, no URL and no bundler
 * configuration, so it works in every runtime that may compile bytes; hex gzips better than base64 (docs/architecture.md).
 * workerd may not compile bytes: its build replaces this file by `compiled.workerd.ts`.
 */
export function compile(hex: string): WebAssembly.Module {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return new WebAssembly.Module(bytes);
}
