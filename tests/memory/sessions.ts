// Run by memory.test.ts in a process of its own, with --expose-gc: prints the memory after each of five rounds of sessions.
import { layers, sequential } from '../../src/index.js';

const model = sequential({
  layers: [
    layers.conv1d({ filters: 4, kernelSize: 2, dilationRate: 5, padding: 'causal', inputShape: [null, 2] }),
    layers.gru({ units: 4, returnSequences: true }),
    layers.dense({ units: 1 }),
  ],
});
const [step, out] = [new Float32Array([0.5, -0.25]), new Float32Array(1)];

const rounds: { linear: number; heap: number }[] = [];
for (let round = 0; round < 5; round++) {
  const alive = Array.from({ length: 1_000 }, () => model.stream());
  for (let i = 0; i < 200_000; i++) alive[i % 1_000]?.push(step, out);
  for (let i = 0; i < 20_000; i++) {
    const session = model.stream();
    session.push(step, out);
    session.close();
  }
  for (const session of alive) session.close();
  globalThis.gc?.();
  globalThis.gc?.();
  rounds.push({ linear: model.workspace.floats.byteLength, heap: process.memoryUsage().heapUsed });
}
console.log(JSON.stringify(rounds));
