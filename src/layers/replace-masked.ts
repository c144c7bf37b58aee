import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { known } from '../plan/known.js';
import { sameSteps } from './expectations.js';

interface ReplaceMaskedConfig {
  readonly value: 0 | 1;
}

const definition: LayerDefinition<ReplaceMaskedConfig> = {
  className: 'ReplaceMasked',
  outputs: (_config, call, name) => sameSteps(name, call, () => known(call.inputs[0], name)),
  forward: (context, { value }) => {
    const [x, y, mask] = [context.input(), context.result(), known(context.mask, 'a mask')];
    const other = context.inputs > 1 ? context.input(1) : 0;
    context.emit('copy', y, x, y.bytes);
    context.emit('replaceMaskedRows', mask, other, y, context.rows, context.features(), value);
  },
};

/** At masked steps a value, or those of a second input; else the first input. */
export function replaceMasked(value: 0 | 1): Layer<ReplaceMaskedConfig, SymbolicTensor> {
  return new Layer(definition, { value });
}
