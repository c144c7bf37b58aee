/** LeakyReLU: x, or negativeSlope · x below 0.              Maas et al. 2013; Keras 3, layers/activations/leaky_relu.py */
import type { Cotangents, SimplePass } from './pass.js';
import { map, zerosLike, zip, type Tensor, type Tensors } from './tensor.js';

export interface LeakyReLUConfig {
  /** 0.3 by default (of the activation leakyRelu it is 0.2). */
  readonly negativeSlope?: number;
}

export function leakyReLU(config: LeakyReLUConfig, _weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const { negativeSlope = 0.3 } = config;
  const slope = (value: number): number => (value > 0 ? 1 : negativeSlope);
  return {
    outputs: [map(x, (value) => value * slope(value))],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [zip(dy, x, (d, value) => d * slope(value))], weights: [] };
    },
  };
}
