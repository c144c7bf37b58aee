/**
 * Dense: y = f(x · W + b) on the last axis, whatever the rank of x.     Keras 3, layers/core/dense.py
 * Weights: kernel [features, units], bias [units].
 */
import { activate, type ActivationName } from './activations.js';
import { affine } from './affine.js';
import type { Cotangents, SimplePass } from './pass.js';
import { asRows, checkWeights, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface DenseConfig {
  readonly units: number;
  /** linear by default. */
  readonly activation?: ActivationName;
  /** true by default. */
  readonly useBias?: boolean;
}

export function dense(config: DenseConfig, weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const { units, activation = 'linear', useBias = true } = config;
  const rows = asRows(x);
  checkWeights('dense', weights, useBias ? [[rows.shape[1], units], [units]] : [[rows.shape[1], units]]);
  const [kernel] = weights;
  const bias = useBias ? weights[1] : undefined;

  const z = affine(rows, kernel, bias);
  const y = activate(activation, z.output);
  return {
    outputs: [{ shape: [...x.shape.slice(0, -1), units], data: y.output.data }],
    backward([dy]: Cotangents<readonly [Tensor]>) {
      const gradients = weights.map(zerosLike);
      const dz = y.vjp(dy === undefined ? zerosLike(y.output) : asRows(dy));
      const dx = z.backward(dz, gradients[0], bias && gradients[1]);
      return { inputs: [{ shape: x.shape, data: dx.data }], weights: gradients };
    },
  };
}
