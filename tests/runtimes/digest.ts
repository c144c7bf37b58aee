/**
 * A hash of numbers by their bits: FNV-1a, 64 bits (Fowler, Noll & Vo; draft-eastlake-fnv). Not `crypto`, which an
 * AudioWorklet lacks. Every NaN counts as the same, for engines differ in their payloads; +0 and −0 do not.
 */
export class Digest {
  #hash = 0xcbf29ce484222325n;
  #count = 0;

  /** How many numbers went in. */
  get count(): number {
    return this.#count;
  }

  get hex(): string {
    return this.#hash.toString(16).padStart(16, '0');
  }

  /** Read as integers: to convert a subnormal float to a number would make it 0 where subnormals are flushed. */
  addFloats(data: Float32Array): this {
    for (const bits of new Uint32Array(data.buffer, data.byteOffset, data.length)) {
      const isNaN = (bits & 0x7fffffff) > 0x7f800000;
      this.#addWord(isNaN ? 0x7fc00000 : bits);
    }
    this.#count += data.length;
    return this;
  }

  /** A number of JavaScript, such as a loss: float64. */
  addNumber(value: number): this {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    const isNaN = Number.isNaN(value);
    this.#addWord(isNaN ? 0x7ff80000 : view.getUint32(0));
    this.#addWord(isNaN ? 0 : view.getUint32(4));
    this.#count += 1;
    return this;
  }

  #addWord(word: number): void {
    for (let shift = 0; shift < 32; shift += 8) {
      const byte = BigInt((word >>> shift) & 0xff);
      this.#hash = BigInt.asUintN(64, (this.#hash ^ byte) * 0x100000001b3n);
    }
  }
}

/** The hash of some tensors' values. */
export function digestOf(...tensors: readonly { readonly data: Float32Array }[]): string {
  const digest = new Digest();
  for (const { data } of tensors) digest.addFloats(data);
  return digest.hex;
}
