/**
 * Layers that move steps about: step t of the output is step sources[t] of the input, or zeros where that is undefined.
 * Backwards, each step of the input gets the cotangents of the steps that it went to.
 */
import type { Cotangents, UnmaskedPass } from './pass.js';
import { addStepInto, stepOf, zeros, zerosLike, type Tensor } from './tensor.js';

export function stepMap(x: Tensor, sources: readonly (number | undefined)[]): UnmaskedPass {
  const [batch, , features] = x.shape;
  const y = zeros(batch, sources.length, features);
  sources.forEach((from, to) => {
    if (from !== undefined) addStepInto(y, to, stepOf(x, from));
  });
  return {
    outputs: [y],
    mask: undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const dx = zerosLike(x);
      sources.forEach((from, to) => {
        if (from !== undefined) addStepInto(dx, from, stepOf(dy, to));
      });
      return { inputs: [dx], weights: [] };
    },
  };
}
