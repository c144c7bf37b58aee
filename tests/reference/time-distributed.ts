/**
 * TimeDistributed(Dense): the same Dense at each step of [batch, time, features], step by step.
 *                                                            Keras 3, layers/rnn/time_distributed.py
 * Weights: those of the inner layer, whose gradients are the sum over the steps.
 */
import { dense, type DenseConfig } from './dense.js';
import type { Cotangents, SimplePass } from './pass.js';
import { addInto, addStepInto, stepOf, zeros, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface TimeDistributedConfig {
  /** The options of the inner Dense. */
  readonly layer: DenseConfig;
}

export function timeDistributed(config: TimeDistributedConfig, weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const [batch, time] = x.shape;
  const y = zeros(batch, time, config.layer.units);
  const steps = Array.from({ length: time }, (_, t) => {
    const step = dense(config.layer, weights, [stepOf(x, t)]);
    addStepInto(y, t, step.outputs[0]);
    return step;
  });
  return {
    outputs: [y],
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const gradients = weights.map(zerosLike);
      const dx = zerosLike(x);
      steps.forEach((step, t) => {
        const { inputs, weights: own } = step.backward([stepOf(dy, t)]);
        addStepInto(dx, t, inputs[0]);
        own.forEach((gradient, i) => addInto(gradients[i], gradient));
      });
      return { inputs: [dx], weights: gradients };
    },
  };
}
