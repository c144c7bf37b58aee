/**
 * Compiles a module from its text, as scripts/module-text.mjs spells the bytes. Text in a JavaScript module needs no fetch,
 * no URL and no bundler configuration, so it works in every runtime that may compile bytes (docs/architecture.md).
 * workerd may not compile bytes: its build replaces this file by `compiled.workerd.ts`.
 */
export function compile(text: string): WebAssembly.Module {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    let place = text.charCodeAt(i) - 35;
    if (place >= 90) place = (place - 89) * 90 + text.charCodeAt(++i) - 35;
    // The order that scripts/module-text.mjs gives the values; what is below 0 wraps around in a Uint8Array.
    bytes.push(place + (place < 79 || place > 119 ? -3 : place < 90 ? 27 : -14));
  }
  return new WebAssembly.Module(Uint8Array.from(bytes));
}
