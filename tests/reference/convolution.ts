/**
 * What the convolutions share. Each is a sum of products, then a bias and an activation,
 *   y = f(z),   z(i) = b + Σ x(j) · k(l)
 * and they differ in which i, j and l (places in the data of z, x and the kernel) belong together. Backwards,
 *   x̄(j) = Σ z̄(i) · k(l)      k̄(l) = Σ z̄(i) · x(j)      b̄ = Σ rows of z̄
 */
import { activate, type ActivationName } from './activations.js';
import type { Cotangents, UnmaskedPass } from './pass.js';
import { addInto, addToRows, asRows, sumOfRows, zeros, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface ConvolutionConfig {
  /** linear by default. */
  readonly activation?: ActivationName;
  /** true by default. */
  readonly useBias?: boolean;
}

/** Calls `visit` with i, j and l of each product of the sum. */
export type Products = (visit: (i: number, j: number, l: number) => void) => void;

export function convolution(
  { activation = 'linear', useBias = true }: ConvolutionConfig,
  weights: Tensors,
  x: Tensor,
  outputShape: readonly number[],
  products: Products,
): UnmaskedPass {
  const [kernel] = weights;
  const bias = useBias ? weights[1] : undefined;

  const sum = zeros(...outputShape);
  products((i, j, l) => (sum.data[i] += x.data[j] * kernel.data[l]));
  const z = bias === undefined ? asRows(sum) : addToRows(asRows(sum), bias);
  const y = activate(activation, z);

  return {
    outputs: [{ shape: outputShape, data: y.output.data }],
    mask: undefined,
    backward([dy]: Cotangents<readonly [Tensor]>) {
      const dx = zerosLike(x);
      const gradients = weights.map(zerosLike);
      const [dKernel, dBias] = gradients;
      const dz = y.vjp(dy === undefined ? zerosLike(z) : asRows(dy));
      products((i, j, l) => {
        dx.data[j] += dz.data[i] * kernel.data[l];
        dKernel.data[l] += dz.data[i] * x.data[j];
      });
      if (bias !== undefined) addInto(dBias, sumOfRows(dz));
      return { inputs: [dx], weights: gradients };
    },
  };
}
