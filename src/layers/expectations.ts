import type { Call, OutputSpec, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, number } from '../options/options.js';
import type { Size } from '../plan/size.js';

/** An axis, counted from the batch (0) or from behind (−1). */
export const axisButTheBatch = /* @__PURE__ */ number('an axis but the batch', (n) => Number.isInteger(n) && n !== 0);

/** The one input of a layer that takes one. */
export function onlyInput(name: string, { inputs }: Call): SymbolicTensor {
  const [first] = inputs;
  if (first === undefined || inputs.length !== 1) mismatch(name, 'one input', inputs.length);
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

/** Refuses initial states, of a layer that has none. */
export function noStates(name: string, { initialState }: Pick<Call, 'initialState'>): void {
  if (initialState.length > 0) mismatch(name, 'no initial state', initialState.length);
}

/** Refuses a mask that does not come with the first input, of what hands on its inputs as they are. */
export function noMask(name: string, { inputs, mask }: Pick<Call, 'inputs' | 'mask'>): void {
  if (mask !== inputs[0]?.mask) mismatch(name, 'inputs that carry their masks', 'a mask beside them');
}

/** The output of a layer that has no states: like its input, but perhaps for the features and the number of steps. */
export function sameSteps(
  name: string,
  call: Call,
  inputOf: typeof onlyInput,
  features?: number,
  stepsAfter: (steps: Size) => Size = (steps) => steps,
): readonly [OutputSpec] {
  noStates(name, call);
  const { shape, time, batch, features: before } = inputOf(name, call);
  const [sequences = null, steps = null, ...inner] = shape.slice(0, -1);
  // A length that is known is an expression without symbols: it comes out as a number.
  const length = steps === null ? null : (stepsAfter(steps) as number);
  const leading = time === null ? [sequences] : [sequences, length, ...inner];
  const after = time === null ? null : stepsAfter(time);
  return [{ shape: [...leading, features ?? before], time: after, batch, mask: call.mask }];
}

/** The output of a layer that takes an input of any shape and gives one like it. */
export function sameShape(_config: unknown, call: Call, name: string): readonly [OutputSpec] {
  return sameSteps(name, call, onlyInput);
}
