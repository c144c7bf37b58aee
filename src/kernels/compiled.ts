/**
 * Compiles a module from its text, as scripts/module-text.mjs spells the bytes. Text in a JavaScript module needs no fetch,
 * no URL and no bundler configuration, so it works in every runtime that may compile bytes (docs/architecture.md).
 * workerd may not compile bytes: its build replaces this file by `compiled.workerd.ts`.
 */
export function compile(text: string): WebAssembly.Module {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    let value = text.charCodeAt(i) - 35;
    if (value >= 90) value = (value - 89) * 90 + text.charCodeAt(++i) - 35;
    bytes.push(value - 4);
  }
  return new WebAssembly.Module(Uint8Array.from(bytes));
}
