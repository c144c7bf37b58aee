/**
 * Random numbers without a generator state, in plain JavaScript for what needs no kernels: Philox 4×32-10, the same words as those
 * of assembly/random/philox.ts. Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */

/** The multipliers of the paper's table 2. */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
/** What each round adds to the key: the golden ratio and √3 − 1, as fractions of 2³². */
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

export type Words = readonly [number, number, number, number];

/** The four words, as unsigned integers, of a counter under the key (seed, stream). */
export function philox(seed: number, stream: number, counter: Words): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = [seed, stream];
  for (let round = 0; round < 10; round++) {
    const [leftHigh, leftLow] = [multiplyHigh(M0, c0), Math.imul(M0, c0)];
    const [rightHigh, rightLow] = [multiplyHigh(M1, c2), Math.imul(M1, c2)];
    [c0, c1, c2, c3] = [rightHigh ^ c1 ^ k0, rightLow, leftHigh ^ c3 ^ k1, leftLow];
    [k0, k1] = [(k0 + W0) | 0, (k1 + W1) | 0];
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The upper 32 bits of the product of two unsigned integers: from halves, since a double holds 53 bits of the 64. */
function multiplyHigh(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  // Both sums stay below 2³³: exact as doubles, but too wide for >>>.
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

/** Shuffles in place (Fisher & Yates); the same order for the same seed, stream and epoch, everywhere. */
export function shuffle(values: Int32Array, seed: number, stream: number, epoch: number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const [word] = philox(seed, stream, [epoch, i, 0, 0]);
    const j = Math.floor((word / 0x100000000) * (i + 1));
    [values[i], values[j]] = [values[j] ?? 0, values[i] ?? 0];
  }
}
