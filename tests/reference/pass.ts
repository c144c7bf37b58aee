/**
 * What every layer of the reference returns: its outputs, and a function that takes the gradient of a loss backwards
 * through them. All layers are called alike,
 *
 *   layer(config, weights, inputs) → { outputs, backward(cotangents) → { inputs, weights } }
 *
 * config has Keras's options under bucle's names and defaults; weights come in Keras's order (kernel, recurrent kernel,
 * bias); inputs and outputs are short tuples. So plain code composes any graph: call the layers forwards, then their
 * `backward` in the opposite order, adding gradients where a tensor or a layer was used twice (`addAll`).
 *
 *   const rnn = lstm({ units: 3, returnSequences: true }, lstmWeights, [x]);
 *   const out = dense({ units: 1 }, denseWeights, [rnn.outputs[0]]);
 *   const dOut = out.backward([dy]);
 *   const dRnn = rnn.backward([dOut.inputs[0]]);        // dRnn.inputs[0] is the gradient of x
 */
import type { Tensor, Tensors } from './tensor.js';

/** The gradient of a loss with respect to each output; one that is left out is 0. */
export type Cotangents<Outputs extends Tensors> = { readonly [K in keyof Outputs]?: Outputs[K] | undefined };

export interface Gradients<Inputs extends Tensors> {
  readonly inputs: Inputs;
  /** In the order of the weights. */
  readonly weights: Tensors;
}

export interface Pass<Inputs extends Tensors, Outputs extends Tensors> {
  readonly outputs: Outputs;
  /** May be called more than once: nothing is kept from one call to the next. */
  backward(cotangents: Cotangents<Outputs>): Gradients<Inputs>;
}

/** A layer of one input and one output. */
export type SimplePass = Pass<readonly [Tensor], readonly [Tensor]>;

/** One that drops the mask of its input, as Keras has it for layers that do not support masks. */
export type UnmaskedPass = SimplePass & { readonly mask: undefined };

/** Any layer at all, where only its first input and output are looked at by position. */
export type AnyPass = Pass<readonly [Tensor, ...Tensor[]], readonly [Tensor, ...Tensor[]]>;
