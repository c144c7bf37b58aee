import type { Layer } from '../graph/layer.js';
import { MasterWeights } from '../graph/master-weights.js';
import { storedSize, type LayerWeights } from '../graph/weights.js';
import { known } from '../plan/known.js';
import { quad } from '../plan/size.js';

/** What training keeps with a layer's weights, for all models over the layer. */
export class TrainedWeights extends MasterWeights {
  /** The model whose `fit` is changing them. */
  fitting: { readonly name: string } | undefined;
  /** The block of all gradients: each step zeroes it first, so it serves every model over the layer. */
  readonly gradients: number;
  readonly gradientBytes: number;
  readonly #weights: LayerWeights;
  readonly #gradientOf = new Map<string, number>();
  /** Gives back what optimizers hold that are no more. Without it (older workerd) that stays as long as the layer. */
  readonly #dropped: FinalizationRegistry<number> | undefined;

  constructor(weights: LayerWeights) {
    super(weights);
    this.#weights = weights;
    const { workspace } = weights;
    const specs = weights.specs.filter(({ trainable }) => trainable !== false);
    this.gradientBytes = specs.reduce((sum, spec) => sum + 4 * quad(storedSize(spec)), 0);
    this.gradients = workspace.allocate(this.gradientBytes);
    let end = this.gradients;
    for (const spec of specs) {
      this.#gradientOf.set(spec.name, end);
      end += 4 * quad(storedSize(spec));
    }
    if (typeof FinalizationRegistry === 'undefined') return;
    this.#dropped = new FinalizationRegistry((block) => {
      workspace.release(block);
    });
  }

  /** Where the gradient of a weight is summed, in the weight's own layout. */
  gradientOf(weight: string): number {
    return known(this.#gradientOf.get(weight), weight);
  }

  /** A block that goes with its owner, if `releaseOf` does not come first. */
  allocateFor(owner: object, bytes: number): number {
    const block = this.#weights.workspace.allocate(bytes);
    this.#dropped?.register(owner, block, owner);
    return block;
  }

  releaseOf(owner: object, block: number): void {
    this.#dropped?.unregister(owner);
    this.#weights.workspace.release(block);
  }
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
