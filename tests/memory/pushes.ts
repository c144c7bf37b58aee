// Run by memory.test.ts in a process of its own, with --expose-gc: prints what many pushes into `out` allocate.
import { layers, sequential } from '../../src/index.js';

// With an argument, layers of unequal rates: sizes are resolved anew at every push.
const strided = [
  layers.conv1d({ filters: 6, kernelSize: 3, strides: 2, inputShape: [null, 3] }),
  layers.upSampling1d({ size: 2 }),
  layers.averagePooling1d({ poolSize: 3 }),
];
const causal = layers.conv1d({ filters: 6, kernelSize: 2, dilationRate: 8, padding: 'causal', inputShape: [null, 3] });
const model = sequential({
  layers: [
    ...(process.argv.length > 2 ? strided : [causal]),
    layers.lstm({ units: 8, returnSequences: true }),
    layers.gru({ units: 5, returnSequences: true }),
    layers.dense({ units: 2, activation: 'softmax' }),
  ],
});
const session = model.stream();
const [x, out] = [new Float32Array(3).fill(0.5), new Float32Array(2)];
const pushes = 200_000;
const run = (): void => {
  for (let i = 0; i < pushes; i++) session.push(x, out);
};

run(); // until the engine has compiled what is hot
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
run();
console.log(JSON.stringify({ pushes, bytes: process.memoryUsage().heapUsed - before }));
