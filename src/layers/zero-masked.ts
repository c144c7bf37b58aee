import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { known } from '../plan/known.js';
import { sameShape } from './expectations.js';

const definition: LayerDefinition<object> = {
  className: 'ZeroMasked',
  outputs: sameShape,
  forward: (context) => {
    const [x, y, mask] = [context.input(), context.result(), known(context.mask, 'a mask')];
    context.emit('copy', y, x, y.bytes);
    context.emit('zeroMaskedRows', mask, y, context.rows, context.features());
  },
};

/** Zeros at masked steps: what Bidirectional gives there, where a recurrent layer repeats its state. */
export function zeroMasked(): Layer<object, SymbolicTensor> {
  return new Layer(definition, {});
}
