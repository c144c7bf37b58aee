/**
 * Gradients from outputs alone: of L = Σ outputs · cotangents, each element moved by ±step,
 *   ∂L/∂w ≈ (L(w + step) − L(w − step)) / 2 step
 * The error is of order step² (the third derivative) plus rounding / step: in float64, about 1e-10 at this step.
 */
import type { AnyPass, Gradients } from './pass.js';
import { inner, zerosLike, type Tensor, type Tensors } from './tensor.js';

const step = 1e-5;

type Forward = (weights: Tensors, inputs: Tensors) => AnyPass;

export function centralDifferences(
  forward: Forward,
  weights: Tensors,
  inputs: Tensors,
  cotangents: Tensors,
): Gradients<Tensors> {
  const lossOf = (pass: AnyPass): number =>
    pass.outputs.reduce((sum, output, i) => sum + inner(output, cotangents[i]), 0);
  return {
    inputs: inputs.map((_, i) => slopes(inputs, i, (moved) => lossOf(forward(weights, moved)))),
    weights: weights.map((_, i) => slopes(weights, i, (moved) => lossOf(forward(moved, inputs)))),
  };
}

function slopes(tensors: Tensors, which: number, lossAt: (moved: Tensors) => number): Tensor {
  const gradient = zerosLike(tensors[which]);
  const moved = tensors.map(({ shape, data }) => ({ shape, data: data.slice() }));
  const { data } = moved[which];
  data.forEach((value, i) => {
    data[i] = value + step;
    const above = lossAt(moved);
    data[i] = value - step;
    const below = lossAt(moved);
    data[i] = value;
    gradient.data[i] = (above - below) / (2 * step);
  });
  return gradient;
}

/**
 * The largest difference of two lists of tensors, each in relation to its tensor's largest value. A tensor whose values
 * are all below `floor` is compared with `floor`: a gradient that ought to be 0 has no size to relate to.
 */
export function relativeError(ours: Tensors, theirs: Tensors, floor = 1e-3): number {
  if (ours.length !== theirs.length) throw new Error(`expected ${theirs.length} tensors, got ${ours.length}`);
  let error = 0;
  theirs.forEach(({ data }, i) => {
    if (ours[i].data.length !== data.length) {
      throw new Error(`tensor ${i}: expected ${data.length} values, got ${ours[i].data.length}`);
    }
    const largest = data.reduce((max, value) => Math.max(max, Math.abs(value)), floor);
    data.forEach((value, at) => (error = Math.max(error, Math.abs(ours[i].data[at] - value) / largest)));
  });
  return error;
}
