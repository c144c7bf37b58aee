// Run by memory.test.ts in a process of its own, with --expose-gc: prints the memory after each of ten rounds.
import { layers, sequential } from '../../src/index.js';

const model = sequential({
  layers: [
    layers.conv1d({ filters: 6, kernelSize: 2, dilationRate: 2, padding: 'causal', inputShape: [null, 3] }),
    layers.lstm({ units: 8, returnSequences: true }),
    layers.gru({ units: 5 }),
    layers.dense({ units: 1 }),
  ],
});
model.compile({ optimizer: 'adam', loss: 'mse' });

const rounds: { linear: number; heap: number }[] = [];
for (let round = 0; round < 10; round++) {
  for (let i = 0; i < 10_000; i++) {
    const [rows, steps] = [1 + (i % 7), (i * 5) % 23];
    model.predict({ data: new Float32Array(rows * steps * 3), shape: [rows, steps, 3] });
  }
  for (let i = 0; i < 1000; i++) {
    const [rows, steps] = [1 + (i % 5), 1 + ((i * 3) % 17)];
    const x = { data: new Float32Array(rows * steps * 3).fill(0.5), shape: [rows, steps, 3] };
    model.trainOnBatch(x, { data: new Float32Array(rows), shape: [rows, 1] });
  }
  globalThis.gc?.();
  globalThis.gc?.();
  rounds.push({ linear: model.workspace.floats.byteLength, heap: process.memoryUsage().heapUsed });
}
console.log(JSON.stringify(rounds));
