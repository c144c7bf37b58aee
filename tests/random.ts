/**
 * Seeded random numbers for tests: the same seed gives the same data on every machine and in every run.
 * Marsaglia's xorshift128 ("Xorshift RNGs", Journal of Statistical Software 8, 2003), integers only; the normal numbers
 * are the sum of twelve uniforms less six (mean 0, variance 1, within ±6), so that no function whose last bit depends on
 * the host takes part.
 */
export interface Random {
  /** In [low, high). */
  uniform(low?: number, high?: number): number;
  /** In low … high, both included. */
  integer(low: number, high: number): number;
  /** Mean 0, variance 1. */
  normal(): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** Normal numbers times scale. Float32, so that a float64 reference and a float32 kernel see the same values. */
  normals(count: number, scale?: number): Float32Array<ArrayBuffer>;
  /** Uniform numbers, float32 likewise. */
  uniforms(count: number, low?: number, high?: number): Float32Array<ArrayBuffer>;
}

export function createRandom(seed: number): Random {
  // The paper's state, its first word replaced by the seed; the others are not zero, so neither is the state.
  let x = seed | 0;
  let y = 362436069;
  let z = 521288629;
  let w = 88675123;

  const next = (): number => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
  // Neighbouring seeds differ in few bits: let them spread over the whole state.
  for (let i = 0; i < 32; i++) next();

  const uniform = (low = 0, high = 1): number => low + (next() / 2 ** 32) * (high - low);
  const integer = (low: number, high: number): number => low + (next() % (high - low + 1));
  const normal = (): number => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum;
  };
  return {
    uniform,
    integer,
    normal,
    chance: (probability) => uniform() < probability,
    normals: (count, scale = 1) => Float32Array.from({ length: count }, () => normal() * scale),
    uniforms: (count, low, high) => Float32Array.from({ length: count }, () => uniform(low, high)),
  };
}
