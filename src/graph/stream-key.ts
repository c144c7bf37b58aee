/**
 * The 32-bit key of a stream of random numbers, from the path of what uses it (FNV-1a). Streams are keyed by path, never by
 * order of creation: bits must not depend on what was built before.
 */
export function streamKey(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return hash | 0;
}
