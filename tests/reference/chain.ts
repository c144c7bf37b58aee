/**
 * A sequential model: each layer's first output is the next one's input, and the mask, if there is one, goes along.
 * A layer that says nothing of a mask hands on the one it was given; one that says `mask: undefined` drops it.
 */
import type { AnyPass, Cotangents, SimplePass } from './pass.js';
import { zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export interface Link {
  /** How many tensors of the chain's weights are this layer's. */
  readonly weights: number;
  forward(weights: Tensors, x: Tensor, mask: Mask | undefined): LinkPass;
}

/** `updatedWeights`: the layer's weights as the pass leaves them, if it changes them by itself (moving averages). */
type LinkPass = AnyPass & { readonly mask?: Mask | undefined; readonly updatedWeights?: Tensors };

export interface ChainPass extends SimplePass {
  /** Of the output. */
  readonly mask: Mask | undefined;
  /** The whole chain's weights as the pass leaves them. */
  readonly updatedWeights: Tensors;
}

export function chain(links: readonly Link[], weights: Tensors, x: Tensor): ChainPass {
  const passes: LinkPass[] = [];
  let output = x;
  let mask: Mask | undefined;
  let used = 0;
  const updatedWeights: Tensor[] = [];
  for (const link of links) {
    const own = weights.slice(used, used + link.weights);
    const pass = link.forward(own, output, mask);
    passes.push(pass);
    updatedWeights.push(...(pass.updatedWeights ?? own));
    used += link.weights;
    [output] = pass.outputs;
    if ('mask' in pass) mask = pass.mask;
  }
  if (used !== weights.length) throw new Error(`chain: expected ${used} weights, got ${weights.length}`);

  return {
    outputs: [output],
    mask,
    updatedWeights,
    backward([dy = zerosLike(output)]: Cotangents<readonly [Tensor]>) {
      let cotangent = dy;
      const gradients: Tensor[] = [];
      for (const pass of passes.toReversed()) {
        const { inputs, weights: own } = pass.backward([cotangent]);
        [cotangent] = inputs;
        gradients.unshift(...own);
      }
      return { inputs: [cotangent], weights: gradients };
    },
  };
}
