import { axesBetween } from '../graph/copy.js';
import { Layer, type SymbolicTensor } from '../graph/layer.js';
import { known } from '../plan/known.js';
import { multiply } from '../plan/size.js';
import { copyLayer } from './copying.js';
import { onlyInput } from './expectations.js';

/*
 * What TimeDistributed puts around a layer: steps become sequences of a batch of T·B, and again steps afterwards. Without
 * inner axes nothing moves, as the rows lie that way already.
 */

const foldDefinition = copyLayer<object>({
  className: 'Fold',
  outputs: (_config, call, name) => {
    const { shape, time, batch } = onlyInput(name, call);
    const [, , second = null, ...rest] = shape;
    const hasSteps = shape.length > 3;
    const steps = hasSteps ? (second ?? 1) : null;
    return [{ shape: [null, second, ...rest], time: steps, batch: multiply(time ?? 1, batch) }];
  },
  isIdentity: (_config, _random, input) => input.shape.length <= 3,
  // [B, T, S, …] → [T·B, S, …]: the axis S comes first, the others stay.
  copies: (context) => {
    const { lengths, strides } = context.viewOf(0);
    const [, inside = 0, ...rest] = context.viewOf('output').strides;
    const [row = 0] = context.viewOf('output').strides;
    const [batch = 1] = lengths;
    return [{ input: 0, axes: axesBetween(lengths, strides, [row, multiply(batch, row), inside, ...rest]) }];
  },
});

const unfoldDefinition = copyLayer<object>({
  className: 'Unfold',
  /** The second input says how many steps come back. */
  outputs: (_config, { inputs: [x, steps], mask: given }, name) => {
    const [{ shape, mask: inner }, like] = [known(x, name), known(steps, name)];
    const { time, batch } = like;
    // The mask is that of the steps: inside, it is another's.
    const mask = given === inner ? like.mask : given;
    return [{ shape: [like.shape[0] ?? null, like.shape[1] ?? null, ...shape.slice(1)], time, batch, mask }];
  },
  mixesBatches: true,
  isIdentity: (_config, _random, input) => input.shape.length <= 2,
  copies: (context) => {
    const { lengths, strides } = context.viewOf('output');
    const [row = 0, inside = 0, ...rest] = context.viewOf(0).strides;
    const [batch = 1] = lengths;
    return [{ input: 0, axes: axesBetween(lengths, [row, multiply(batch, row), inside, ...rest], strides) }];
  },
});

/** [batch, time, …] → [batch·time, …]. */
export function fold(): Layer<object, SymbolicTensor> {
  return new Layer(foldDefinition, {});
}

/** The way back, to the steps and the batch of a second input. */
export function unfold(): Layer<object, SymbolicTensor> {
  return new Layer(unfoldDefinition, {});
}
