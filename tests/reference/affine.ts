/**
 * y = x · W + b for rows x [M, K], W [K, N] and, if there is one, b [N].
 *   x̄ = ȳ · Wᵀ      W̄ = xᵀ · ȳ      b̄ = Σ rows of ȳ
 */
import {
  addInto,
  addToRows,
  joinColumns,
  matmul,
  multiply,
  splitColumns,
  sumOfRows,
  transpose,
  zerosLike,
  type Tensor,
  type Tensors,
} from './tensor.js';

export interface Affine {
  readonly output: Tensor;
  /** Returns x̄; adds W̄ and b̄ to the gradients it is given. */
  backward(cotangent: Tensor, kernelGradient: Tensor, biasGradient?: Tensor): Tensor;
}

export function affine(x: Tensor, kernel: Tensor, bias?: Tensor): Affine {
  const product = matmul(x, kernel);
  return {
    output: bias === undefined ? product : addToRows(product, bias),
    backward(cotangent, kernelGradient, biasGradient) {
      addInto(kernelGradient, matmul(transpose(x), cotangent));
      if (biasGradient !== undefined) addInto(biasGradient, sumOfRows(cotangent));
      return matmul(cotangent, transpose(kernel));
    },
  };
}

/**
 * The same of x ⊙ factor, where dropout has left only some of x. With several factors, the columns of W fall into as
 * many equal parts, one a gate, and each part has its own; with none there is no dropout.
 */
export function affineWithDropout(x: Tensor, factors: Tensors, kernel: Tensor, bias?: Tensor): Affine {
  if (factors.length === 0) return affine(x, kernel, bias);
  const kernels = splitColumns(kernel, factors.length);
  const parts = factors.map((factor, i) => affine(multiply(x, factor), kernels[i]));
  const product = joinColumns(parts.map(({ output }) => output));
  return {
    output: bias === undefined ? product : addToRows(product, bias),
    backward(cotangent, kernelGradient, biasGradient) {
      const cotangents = splitColumns(cotangent, factors.length);
      const dKernels = kernels.map(zerosLike);
      const dx = zerosLike(x);
      parts.forEach((part, i) => addInto(dx, multiply(part.backward(cotangents[i], dKernels[i]), factors[i])));
      addInto(kernelGradient, joinColumns(dKernels));
      if (biasGradient !== undefined) addInto(biasGradient, sumOfRows(cotangent));
      return dx;
    },
  };
}
