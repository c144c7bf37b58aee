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

/** Those whose slope cannot be had from their output: codes of assembly/elementwise/input-activations.ts. */
const codesByInput = { gelu: 12, geluTanh: 13, silu: 14, mish: 15, hardSilu: 16, leakyRelu: 17 } as const;

/** Of the activation 'leakyRelu', as in Keras. */
export const usualSlope = 0.2;

/** Other names of these, in Keras too. */
const aliases = /* @__PURE__ */ new Map<unknown, ActivationName>([
  ['swish', 'silu'],
  ['hardSwish', 'hardSilu'],
]);

/** What recurrent cells take: they keep their outputs alone, and go back from these. */
export type ElementwiseActivation = keyof typeof codes;

/** softmax and logSoftmax work on a row; leakyRelu has slope 0.2 below 0 and elu alpha 1, their layers take others. */
export type ActivationName = ElementwiseActivation | keyof typeof codesByInput | 'softmax' | 'logSoftmax';

/** What options take. */
export type ActivationOption = ActivationName | 'swish' | 'hardSwish';

const elementwiseNames = Object.keys(codes) as ElementwiseActivation[];

const names = [...elementwiseNames, ...Object.keys(codesByInput), 'softmax', 'logSoftmax'] as ActivationName[];

export const elementwiseActivation: Reader<ElementwiseActivation> = oneOf(elementwiseNames);

export const activation: Reader<ActivationName> = (value, where) => aliases.get(value) ?? oneOf(names)(value, where);

export function activationCode(name: ElementwiseActivation): number {
  return codes[name];
}

/** Whether the way back wants what went in. */
export function needsInput(name: ActivationName): name is keyof typeof codesByInput {
  return name in codesByInput;
}

export function codeByInput(name: keyof typeof codesByInput | 'elu'): number {
  return name === 'elu' ? codes.elu : codesByInput[name];
}
