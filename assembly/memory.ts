/** Memory as such: where free memory begins, and bytes moved without arithmetic. */

/** The first byte behind the module's static data: all memory from here on belongs to the caller. */
export function heapBase(): usize {
  return __heap_base;
}

/** Sets bytes to 0. */
export function zero(pointer: usize, bytes: i32): void {
  memory.fill(pointer, 0, bytes);
}

/** Copies bytes; the two ranges may overlap. */
export function copy(target: usize, source: usize, bytes: i32): void {
  memory.copy(target, source, bytes);
}
