/**
 * Takes 32-bit words into a hash of 128 bits, two numbers of 64 bits at `state`, from whatever stands there: the state of a hash of
 * what came before, or zeros. It tells files and models apart and finds what was damaged; it withstands no attacker.
 *   a ← (a ⊕ word) · 9e3779b97f4a7c15, a ← a ⊕ (a >> 32);   b ← rotl((b + word) · c2b2ae3d27d4eb4f, 31)     (unsigned, mod 2^64)
 * The factors are odd, so each step can be undone: two inputs that differ in one word never meet.
 */
export function hash(words: usize, count: i32, state: usize): void {
  let a = load<u64>(state);
  let b = load<u64>(state, 8);
  const end = words + ((<usize>count) << 2);
  for (; words < end; words += 4) {
    const word = <u64>load<u32>(words);
    a = (a ^ word) * 0x9e3779b97f4a7c15;
    a ^= a >> 32;
    b = rotl<u64>((b + word) * 0xc2b2ae3d27d4eb4f, 31);
  }
  store<u64>(state, a);
  store<u64>(state, b, 8);
}
