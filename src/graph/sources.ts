import type { SymbolicTensor } from './layer.js';

/** Tensors, and all that they are made from; what is behind an end is left out. */
export function sourcesOf(
  tensors: readonly SymbolicTensor[],
  isEnd: (tensor: SymbolicTensor) => boolean = () => false,
): Set<SymbolicTensor> {
  const found = new Set<SymbolicTensor>();
  const open = [...tensors];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    if (!isEnd(next)) open.push(...next.needs);
  }
  return found;
}
