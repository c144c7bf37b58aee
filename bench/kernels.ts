// The kernels of products, convolution, merges and activations by themselves: node scripts/run.mjs bench/kernels.ts [build, default training]
// Products and convolution in GFLOP/s, a multiply and an add counting as two, and as a share of what the machine's SIMD128 can
// do; merges and activations in ns an element, memory in and out included.
import { Arena, load, quad, type BuildName } from '../tests/kernels/load.js';
import { createCanary } from './canary.js';
import { measureLimit } from './limit.js';
import { defaultOptions, measure, median, type Timed } from './measure.js';
import { uniformArray } from './random.js';

const [build = 'training'] = process.argv.slice(2);
const arena = new Arena(load(build as BuildName));
// Looked up once: the module of the tests does so by name, with a check, at each access.
const { product, productGradient, convolution, merge, activate, activateBackward, softmax } = arena.module.kernels;
const canary = await createCanary();
const limit = await measureLimit(canary);

interface Work {
  readonly name: string;
  readonly call: () => void;
  /** What the median of the seconds means. */
  readonly result: (seconds: number) => string;
}

let seed = 1;
const numbers = (length: number) => arena.put(uniformArray(length, seed++, 1));
const gigaflops = (operations: number) => (seconds: number) => {
  const speed = operations / seconds;
  return `${(speed / 1e9).toFixed(1)} GFLOP/s, ${((100 * speed) / limit).toFixed(0)} %`;
};
const nanoseconds = (elements: number) => (seconds: number) =>
  `${((seconds / elements) * 1e9).toFixed(2)} ns an element`;

function productWork(rows: number, inputs: number, outputs: number): Work {
  const x = numbers(rows * quad(inputs));
  const packed = numbers(inputs * quad(outputs));
  const bias = numbers(quad(outputs));
  const y = numbers(rows * quad(outputs));
  return {
    name: `product ${rows} × ${inputs} × ${outputs}`,
    call: () => product(x, quad(inputs) * 4, packed, bias, y, quad(outputs) * 4, rows, 1, 0, inputs, outputs),
    result: gigaflops(2 * rows * inputs * outputs),
  };
}

function gradientWork(rows: number, inputs: number, outputs: number): Work {
  const x = numbers(rows * quad(inputs));
  const dy = numbers(rows * quad(outputs));
  const dw = numbers(inputs * quad(outputs));
  return {
    name: `productGradient ${rows} × ${inputs} × ${outputs}`,
    call: () => productGradient(x, quad(inputs) * 4, dy, quad(outputs) * 4, dw, rows, inputs, outputs),
    result: gigaflops(2 * rows * inputs * outputs),
  };
}

/** A whole sequence of 4,096 steps, causal: zeros before the first step are part of x. */
function convolutionWork(inputs: number, outputs: number, taps: number, dilation: number): Work {
  const steps = 4_096;
  const before = (taps - 1) * dilation * quad(inputs);
  const x = arena.put([...new Float32Array(before), ...uniformArray(steps * quad(inputs), seed++, 1)]) + 4 * before;
  const packed = numbers(taps * inputs * quad(outputs));
  const bias = numbers(quad(outputs));
  const y = numbers(steps * quad(outputs));
  return {
    name: `convolution ${inputs} → ${outputs}, kernel ${taps}, dilation ${dilation}`,
    call: () => convolution(x, packed, bias, y, steps, 1, taps, dilation, 1, 1, 0, 0, inputs, outputs, 1),
    result: gigaflops(2 * steps * taps * inputs * outputs),
  };
}

const [rows, features] = [16, 256];
const x = arena.put(uniformArray(rows * features, seed++, 8));
const [y, dx] = [numbers(rows * features), numbers(rows * features)];
const activationWork = (name: string, code: number): Work => ({
  name,
  call: () => activate(code, x, y, rows, features),
  result: nanoseconds(rows * features),
});

const works: Work[] = [
  productWork(128, 128, 512),
  productWork(32, 20, 80),
  productWork(1, 320, 1024),
  productWork(1, 128, 512),
  productWork(1, 20, 80),
  gradientWork(256, 128, 512),
  gradientWork(1600, 20, 80),
  convolutionWork(64, 64, 3, 4),
  convolutionWork(32, 64, 2, 1),
  convolutionWork(32, 32, 2, 512),
  convolutionWork(32, 32, 1, 1),
  activationWork('linear (a copy)', 0),
  activationWork('relu', 1),
  activationWork('exp', 11),
  activationWork('tanh', 2),
  activationWork('sigmoid', 3),
  activationWork('softplus', 9),
  ...[
    ['sum', 0],
    ['product', 2],
    ['maximum', 4],
  ].map(([name, code]): Work => ({
    name: `${name} of two`,
    call: () => merge(Number(code), x, y, dx, rows, features, rows, 2),
    result: nanoseconds(rows * features),
  })),
  {
    name: 'tanh, backward',
    call: () => activateBackward(2, x, y, dx, rows, features, 1),
    result: nanoseconds(rows * features),
  },
  { name: 'softmax', call: () => softmax(x, y, rows, features), result: nanoseconds(rows * features) },
];

const timed = works.map(({ name, call }): Timed => ({ name, call, deferred: false }));
const measured = await measure(timed, canary, { ...defaultOptions, batches: 30 });
console.log(
  `build/${build}.wasm, Node ${process.versions.node}, medians; limit of SIMD128 ${(limit / 1e9).toFixed(1)} GFLOP/s`,
);
for (const [i, { name, samples }] of measured.entries()) {
  console.log(`${name.padEnd(42)} ${works[i].result(median(samples)).padStart(22)}`);
}
