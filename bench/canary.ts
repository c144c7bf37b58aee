// A canary tells whether the core was ours: a loop of known work that touches registers only, so that nothing but a
// neighbour on the same core (or a change of clock) makes it slower. Timings here are easily halved by such a
// neighbour: unguarded runs of the same code disagreed by up to 1.9× (measured).
import { compileLoop } from './compile-loop.js';

/** A batch counts when the canary ran at this share of its best speed, before and after it. */
export const cleanShare = 0.96;

const iterations = 2_000;

// AssemblyScript. Eight independent chains of multiply and add, a few µs in all; the values tend to 1.
const loop = `
export function run(n: i32): f32 {
  const m = f32x4.splat(0.999);
  const a = f32x4.splat(0.001);
  let v0 = f32x4.splat(0), v1 = v0, v2 = v0, v3 = v0, v4 = v0, v5 = v0, v6 = v0, v7 = v0;
  do {
    v0 = f32x4.add(f32x4.mul(v0, m), a);
    v1 = f32x4.add(f32x4.mul(v1, m), a);
    v2 = f32x4.add(f32x4.mul(v2, m), a);
    v3 = f32x4.add(f32x4.mul(v3, m), a);
    v4 = f32x4.add(f32x4.mul(v4, m), a);
    v5 = f32x4.add(f32x4.mul(v5, m), a);
    v6 = f32x4.add(f32x4.mul(v6, m), a);
    v7 = f32x4.add(f32x4.mul(v7, m), a);
  } while (--n);
  const low = f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3));
  const high = f32x4.add(f32x4.add(v4, v5), f32x4.add(v6, v7));
  return f32x4.extract_lane(f32x4.add(low, high), 0);
}
`;

/**
 * What counts as the loop's best time: the 5 % quantile of all. Once in some hundred runs it takes 4 % less than the
 * steady time, whose 5 % and 99 % quantiles lie 1 % apart (measured); beside those few every batch would look spoiled.
 */
const bestQuantile = 0.05;

/** Compiles the loop and runs it until it is warm. */
export async function createCanary(): Promise<Canary> {
  const canary = new Canary(await compileLoop(loop));
  canary.warmUp();
  return canary;
}

export class Canary {
  private times: number[] = [];
  private sortedTimes = 0;
  private best = Infinity;

  constructor(private readonly chirp: (iterations: number) => number) {}

  warmUp(): void {
    for (let run = 0; run < 3_000; run += 1) this.time();
    // Back to back the loop takes 4 % less than between other work (measured): these times are not to be compared with.
    this.times = [];
  }

  /** Runs the loop and gives its time in seconds: the best of three, for a single one may meet a timer interrupt. */
  time(): number {
    let seconds = Infinity;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const start = performance.now();
      this.chirp(iterations);
      seconds = Math.min(seconds, (performance.now() - start) / 1e3);
    }
    this.times.push(seconds);
    return seconds;
  }

  /** Its best time so far, in seconds. */
  bestTime(): number {
    if (this.times.length > this.sortedTimes * 1.05) {
      const sorted = [...this.times].sort((a, b) => a - b);
      this.best = sorted[Math.floor(sorted.length * bestQuantile)] ?? Infinity;
      this.sortedTimes = this.times.length;
    }
    return this.best;
  }
}
