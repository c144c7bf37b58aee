import type { Call, OutputSpec, SymbolicTensor } from '../graph/layer.js';
import { printShape, type Shape } from '../graph/shape.js';
import { mismatch } from '../options/options.js';

/** The one input of a layer that takes one. */
export function onlyInput(name: string, { inputs }: Call): SymbolicTensor {
  const [first] = inputs;
  if (first === undefined || inputs.length !== 1) mismatch(name, 'one input', inputs.length);
  if (first.dtype !== 'float32') {
    mismatch(name, 'an input of dtype float32', `${printShape(first.shape)} of ${first.dtype}`);
  }
  return first;
}

/** The one input, which must have a time axis: [batch, time, features]. */
export function sequenceInput(name: string, call: Call): SymbolicTensor {
  const input = onlyInput(name, call);
  if (input.shape.length !== 3) {
    mismatch(name, 'an input of shape [batch, time, features]', printShape(input.shape, ['batch']));
  }
  return input;
}

/** The output of a layer that has no states: like its input, but perhaps for the features. */
export function sameSteps(
  name: string,
  call: Call,
  inputOf: typeof onlyInput,
  features?: number,
): readonly [OutputSpec] {
  if (call.initialState.length > 0) mismatch(name, 'no initial state', call.initialState.length);
  const input = inputOf(name, call);
  const shape: Shape = [...input.shape.slice(0, -1), features ?? input.features];
  return [{ shape, time: input.time, dtype: 'float32', mask: call.mask }];
}
