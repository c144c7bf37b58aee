import type { Call, OutputSpec, SymbolicTensor } from '../graph/layer.js';
import { type Shape, printShape } from '../graph/shape.js';

/** The one input of a layer that takes one. */
export function onlyInput(name: string, { inputs }: Call): SymbolicTensor {
  const [first] = inputs;
  if (first === undefined || inputs.length !== 1) {
    throw new TypeError(`${name}: expected one input, got ${String(inputs.length)}`);
  }
  if (first.dtype !== 'float32') {
    throw new TypeError(
      `${name}: expected an input of dtype float32, got ${printShape(first.shape)} of ${first.dtype}`,
    );
  }
  return first;
}

/** The one input, which must have a time axis: [batch, time, features]. */
export function sequenceInput(name: string, call: Call): SymbolicTensor {
  const input = onlyInput(name, call);
  if (input.shape.length !== 3) {
    throw new TypeError(
      `${name}: expected an input of shape [batch, time, features], got ${printShape(input.shape, ['batch'])}`,
    );
  }
  return input;
}

/** For layers that have no initial states. */
export function noInitialState(name: string, { initialState }: Call): void {
  if (initialState.length > 0)
    throw new TypeError(`${name}: takes no initial state, got ${String(initialState.length)}`);
}

/** An output like the input but for its features; its mask goes on. */
export function sameSteps(input: SymbolicTensor, features: number): OutputSpec {
  const shape: Shape = [...input.shape.slice(0, -1), features];
  return { shape, time: input.time, dtype: 'float32', mask: input.mask };
}
