/**
 * How the properties run: always on the same cases, unless SEED asks for others, RUNS for a multiple of them:
 * SEED=7 RUNS=20 npx vitest run tests/properties
 */
const seed = Number(process.env.SEED ?? 20_261_125);
const multiple = Number(process.env.RUNS ?? 1);

console.log(`properties: seed ${seed}`);

export function settings(runs: number): { seed: number; numRuns: number } {
  return { seed, numRuns: runs * multiple };
}
