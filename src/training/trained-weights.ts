import type { Layer } from '../graph/layer.js';
import { MasterWeights } from '../graph/master-weights.js';

/** What training keeps with a layer's weights, for all models over the layer. */
export class TrainedWeights extends MasterWeights {
  /** The model whose `fit` is changing them. */
  fitting: { readonly name: string } | undefined;
}

/** The weights of a layer as training has them; made on first use. */
export function trainedWeights({ weights }: Layer): TrainedWeights {
  if (weights.master instanceof TrainedWeights) return weights.master;
  return (weights.master = new TrainedWeights(weights));
}

/** The model whose `fit` is changing some of these layers' weights, and which layer. */
export function runningFit(
  layers: readonly Layer[],
): { readonly model: { readonly name: string }; readonly layer: Layer } | undefined {
  for (const layer of layers) {
    const { master } = layer.weights;
    if (master instanceof TrainedWeights && master.fitting !== undefined) return { model: master.fitting, layer };
  }
  return undefined;
}
