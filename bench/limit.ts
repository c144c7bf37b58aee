// What SIMD128 can do at most on this machine: multiplies and adds with nothing between them.
import type { Canary } from './canary.js';
import { compileLoop } from './compile-loop.js';
import { defaultOptions, measure, median } from './measure.js';

const iterations = 2_000;
/** Of one iteration: six times a multiply and an add of four lanes. */
const operations = 6 * 2 * 4;

// AssemblyScript. Six sums that wait for nothing but their own last add, which takes three cycles: enough for two adds and
// two multiplies a cycle. With eight V8 11.3 runs out of registers, and half of the speed is gone (measured: 28 for 55
// GFLOP/s, the second being what C reaches on the same core). Two factors are read in each iteration, or the compiler would
// see that the products are always the same.
const loop = `
const factors = memory.data(32, 16);
const weights = memory.data(48, 16);
export function run(n: i32): f32 {
  const w0 = v128.load(weights), w1 = v128.load(weights, 16), w2 = v128.load(weights, 32);
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
  do {
    const a = v128.load(factors);
    const b = v128.load(factors, 16);
    a0 = f32x4.add(a0, f32x4.mul(a, w0));
    a1 = f32x4.add(a1, f32x4.mul(a, w1));
    a2 = f32x4.add(a2, f32x4.mul(a, w2));
    b0 = f32x4.add(b0, f32x4.mul(b, w0));
    b1 = f32x4.add(b1, f32x4.mul(b, w1));
    b2 = f32x4.add(b2, f32x4.mul(b, w2));
  } while (--n);
  const a = f32x4.add(f32x4.add(a0, a1), a2);
  const b = f32x4.add(f32x4.add(b0, b1), b2);
  return f32x4.extract_lane(f32x4.add(a, b), 0);
}
`;

/** Operations a second, a multiply and an add counting as two. */
export async function measureLimit(canary: Canary): Promise<number> {
  const run = await compileLoop(loop);
  const timed = { name: 'limit of SIMD128', call: () => run(iterations), deferred: false };
  const [measured] = await measure([timed], canary, { ...defaultOptions, batches: 30 });
  if (!measured) throw new Error('the limit was not measured');
  return (iterations * operations) / median(measured.samples);
}
