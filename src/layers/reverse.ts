import { axesBetween } from '../graph/copy.js';
import { Layer, type SymbolicTensor } from '../graph/layer.js';
import { add, multiply } from '../plan/size.js';
import { copyLayer } from './copying.js';
import { onlyInput } from './expectations.js';

const definition = /* @__PURE__ */ copyLayer<object>({
  className: 'Reverse',
  outputs: (_config, call, name) => {
    const { shape, time, batch } = onlyInput(name, call);
    // The mask stays as it came (Keras).
    return [{ shape, time, batch, mask: call.mask }];
  },
  needsWhole: () => true,
  copies: (context) => {
    const { lengths, strides } = context.viewOf(0);
    const [batch = 0, step = 0, ...rest] = strides;
    const fromOffset = multiply(add(context.steps, -1), step);
    return [{ input: 0, fromOffset, axes: axesBetween(lengths, [batch, multiply(-1, step), ...rest], strides) }];
  },
});

/** The steps from the last to the first: what turns the backward half of a Bidirectional layer around. */
export function reverse(): Layer<object, SymbolicTensor> {
  return new Layer(definition, {});
}
