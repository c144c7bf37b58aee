/** Uniform numbers in [−1, 1) from xorshift32 (Marsaglia 2003): the same for every peer and on every machine. */
export function uniform(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

export function uniformArray(length: number, seed: number, scale = 1): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length }, () => next() * scale);
}
