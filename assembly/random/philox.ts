/**
 * Philox 4×32-10: four random words from a key and a counter, without any generator state.
 * Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"; known answers from Random123.
 */

/** The multipliers of the paper's table 2, found by its authors by search. */
export const M0: u32 = 0xd2511f53;
export const M1: u32 = 0xcd9e8d57;
/** What each round adds to the key: the golden ratio and √3 − 1, as fractions of 2³². */
export const W0: u32 = 0x9e3779b9;
export const W1: u32 = 0xbb67ae85;

/** The four words of the counter (c0, c1, c2, c3) under the key (seed, stream). */
export function randomWords(seed: i32, stream: i32, c0: u32, c1: u32, c2: u32, c3: u32): v128 {
  let k0 = <u32>seed;
  let k1 = <u32>stream;
  for (let round = 0; round < 10; round++) {
    const left = <u64>M0 * <u64>c0;
    const right = <u64>M1 * <u64>c2;
    c0 = (<u32>(right >> 32)) ^ c1 ^ k0;
    c1 = <u32>right;
    c2 = (<u32>(left >> 32)) ^ c3 ^ k1;
    c3 = <u32>left;
    k0 += W0;
    k1 += W1;
  }
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(c0), 1, c1), 2, c2), 3, c3);
}

/** The lower and the upper halves of four products that i64x2.extmul_low and extmul_high have left in two vectors. */
export function lowHalves(first: v128, second: v128): v128 {
  return i32x4.shuffle(first, second, 0, 2, 4, 6);
}

export function highHalves(first: v128, second: v128): v128 {
  return i32x4.shuffle(first, second, 1, 3, 5, 7);
}

/**
 * Words to float32 in [0, 1): their upper 24 bits, so that every value is exact and 1 never comes. They are positive as
 * signed integers too, whose conversion is a single instruction.
 */
export function unitInterval(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(reinterpret<f32>(0x33800000))); // 2⁻²⁴
}

/** Writes the four words of one counter to target: for shuffling, and for the tests against the known answers. */
export function philox(target: usize, seed: i32, stream: i32, c0: i32, c1: i32, c2: i32, c3: i32): void {
  v128.store(target, randomWords(seed, stream, c0, c1, c2, c3));
}
