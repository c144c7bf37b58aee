/**
 * TimeDistributed: the same layer at each step of [batch, time, …], step by step. The layer sees [batch, …]; of its
 * outputs the first counts.                                    Keras 3, layers/rnn/time_distributed.py
 * Weights: those of the inner layer, whose gradients are the sum over the steps.
 */
import { dense, type DenseConfig } from './dense.js';
import type { AnyPass, Cotangents, SimplePass } from './pass.js';
import { addInto, addStepInto, reshaped, sizeOf, stepOf, zeros, zerosLike } from './tensor.js';
import type { Tensor, Tensors } from './tensor.js';

export interface TimeDistributedConfig {
  /** The options of the inner Dense. */
  readonly layer: DenseConfig;
}

/** TimeDistributed(Dense). */
export function timeDistributed(
  { layer }: TimeDistributedConfig,
  weights: Tensors,
  [x]: readonly [Tensor],
): SimplePass {
  return timeDistributedOver((own, input) => dense(layer, own, input), weights, [x]);
}

/** Any layer of the reference, which may be told the step (for a mask, or for what dropout keeps). */
export type StepLayer = (weights: Tensors, inputs: readonly [Tensor], t: number) => AnyPass;

export function timeDistributedOver(layer: StepLayer, weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const [batch, time, ...rest] = x.shape;
  const rows = reshaped(x, [batch, time, sizeOf(rest)]);
  const steps = Array.from({ length: time }, (_, t) =>
    layer(weights, [reshaped(stepOf(rows, t), [batch, ...rest])], t),
  );

  // Without a step, a step of zeros tells what shape there would be.
  const [example] = (steps.length > 0 ? steps[0] : layer(weights, [zeros(batch, ...rest)], 0)).outputs;
  const [, ...outputRest] = example.shape;
  const y = zeros(batch, time, sizeOf(outputRest));
  steps.forEach(({ outputs: [output] }, t) => addStepInto(y, t, reshaped(output, [batch, sizeOf(outputRest)])));

  return {
    outputs: [reshaped(y, [batch, time, ...outputRest])],
    backward([dy]: Cotangents<readonly [Tensor]>) {
      const gradients = weights.map(zerosLike);
      const dx = zerosLike(rows);
      const cotangents = dy === undefined ? zerosLike(y) : reshaped(dy, y.shape);
      steps.forEach((step, t) => {
        const { inputs, weights: own } = step.backward([reshaped(stepOf(cotangents, t), example.shape)]);
        addStepInto(dx, t, reshaped(inputs[0], [batch, sizeOf(rest)]));
        own.forEach((gradient, i) => addInto(gradients[i], gradient));
      });
      return { inputs: [reshaped(dx, x.shape)], weights: gradients };
    },
  };
}
