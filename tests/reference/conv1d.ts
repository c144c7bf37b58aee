/**
 * Conv1D, causal, stride 1: an output sees its own step and earlier ones, `dilationRate` steps apart, with zeros before
 * the beginning.                                       van den Oord et al. 2016 (WaveNet); Keras 3, padding causal
 *   y(t) = f(b + Σ_j x(t − (kernelSize − 1 − j) · dilationRate) · K_j)
 * Weights: kernel [kernelSize, features, filters], bias [filters].
 */
import { activate, type ActivationName } from './activations.js';
import { affine, type Affine } from './affine.js';
import type { Cotangents, SimplePass } from './pass.js';
import {
  addInto,
  addStepInto,
  addToRows,
  asRows,
  checkWeights,
  stepOf,
  sumOfRows,
  zeros,
  zerosLike,
} from './tensor.js';
import type { Tensor, Tensors } from './tensor.js';

export interface Conv1dConfig {
  readonly filters: number;
  readonly kernelSize: number;
  readonly padding: 'causal';
  /** 1 by default. */
  readonly dilationRate?: number;
  /** linear by default. */
  readonly activation?: ActivationName;
  /** true by default. */
  readonly useBias?: boolean;
}

/** What one tap adds to one step. */
interface Product {
  readonly from: number;
  readonly to: number;
  readonly tap: number;
  readonly product: Affine;
}

export function conv1d(config: Conv1dConfig, weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const { filters, kernelSize, dilationRate = 1, activation = 'linear', useBias = true } = config;
  const [batch, time, features] = x.shape;
  checkWeights('conv1d', weights, [[kernelSize, features, filters], ...(useBias ? [[filters]] : [])]);
  const [kernel] = weights;
  const bias = useBias ? weights[1] : undefined;

  const products: Product[] = [];
  const sum = zeros(batch, time, filters);
  for (let to = 0; to < time; to++) {
    for (let tap = 0; tap < kernelSize; tap++) {
      const from = to - (kernelSize - 1 - tap) * dilationRate;
      if (from < 0) continue;
      const product = affine(stepOf(x, from), tapOf(kernel, tap));
      addStepInto(sum, to, product.output);
      products.push({ from, to, tap, product });
    }
  }
  const z = bias === undefined ? asRows(sum) : addToRows(asRows(sum), bias);
  const y = activate(activation, z);

  return {
    outputs: [{ shape: sum.shape, data: y.output.data }],
    backward([dy]: Cotangents<readonly [Tensor]>) {
      const gradients = weights.map(zerosLike);
      const dx = zerosLike(x);
      const dz = y.vjp(dy === undefined ? zerosLike(z) : asRows(dy));
      if (bias !== undefined) addInto(gradients[1], sumOfRows(dz));
      const steps = { shape: sum.shape, data: dz.data };
      for (const { from, to, tap, product } of products) {
        addStepInto(dx, from, product.backward(stepOf(steps, to), tapOf(gradients[0], tap)));
      }
      return { inputs: [dx], weights: gradients };
    },
  };
}

/** One tap [features, filters] of a kernel, as a view: what is added to it is added to the kernel. */
function tapOf(kernel: Tensor, tap: number): Tensor {
  const [, features, filters] = kernel.shape;
  const size = features * filters;
  return { shape: [features, filters], data: kernel.data.subarray(tap * size, (tap + 1) * size) };
}
