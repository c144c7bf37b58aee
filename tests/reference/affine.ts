/**
 * y = x · W + b for rows x [M, K], W [K, N] and, if there is one, b [N].
 *   x̄ = ȳ · Wᵀ      W̄ = xᵀ · ȳ      b̄ = Σ rows of ȳ
 */
import { addInto, addToRows, matmul, sumOfRows, transpose, type Tensor } from './tensor.js';

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
