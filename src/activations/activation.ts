import { oneOf, type Reader } from '../options/options.js';

/**
 * Element-wise activations and their codes in the kernels (assembly/elementwise/activation.ts). Definitions are Keras 3's;
 * `hardSigmoidLegacy` is the hardSigmoid of Keras 2 and TensorFlow.js, clip(0.2 x + 0.5, 0, 1).
 */
const codes = {
  linear: 0,
  relu: 1,
  tanh: 2,
  sigmoid: 3,
  hardSigmoid: 4,
  hardSigmoidLegacy: 5,
  relu6: 6,
  elu: 7,
  selu: 8,
  softplus: 9,
  softsign: 10,
  exponential: 11,
} as const;

/** An activation that works element by element: what a recurrent cell takes. */
export type ElementwiseActivation = keyof typeof codes;

/** softmax works on a row. */
export type ActivationName = ElementwiseActivation | 'softmax';

const elementwiseNames = Object.keys(codes) as ElementwiseActivation[];

export const elementwiseActivation: Reader<ElementwiseActivation> = oneOf(elementwiseNames);

export const activation: Reader<ActivationName> = oneOf([...elementwiseNames, 'softmax']);

export function activationCode(name: ElementwiseActivation): number {
  return codes[name];
}
