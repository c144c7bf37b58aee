import type { WeightGradients } from '../graph/backward.js';
import type { Graph } from '../graph/graph.js';
import type { Layer } from '../graph/layer.js';
import { weightPaths } from '../graph/weight-paths.js';
import { storedSize, withoutPadding, type WeightSpec } from '../graph/weights.js';
import { known } from '../plan/known.js';
import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { makeTensor, type Tensor } from '../tensors/tensor.js';
import { trainedWeights, type TrainedWeights } from './trained-weights.js';

/** One weight as training sees it: flat blocks of floats, rounded up to whole vectors. */
export interface Parameter {
  readonly layer: Layer;
  /** layer/weight. */
  readonly path: string;
  readonly spec: WeightSpec;
  /** The master values, and the gradient in the same layout. */
  readonly values: number;
  readonly gradient: number;
  /** Floats in each block. */
  readonly count: number;
}

/** The weights of a graph in training. Masters and gradients are the layers' own, and serve all models over them. */
export class Parameters {
  /** Those that have weights. */
  readonly layers: readonly Layer[];
  readonly list: readonly Parameter[];
  /** Floats in all of them. */
  readonly count: number;
  readonly #workspace: Workspace;
  /** Where the gradient of a weight is summed. */
  readonly gradientOf: WeightGradients = (layer, weight) => trainedWeights(layer).gradientOf(weight);

  /** @param isTrained which layers' weights they are; by default those of all */
  constructor(graph: Graph, workspace: Workspace, isTrained: (layer: Layer) => boolean = () => true) {
    const layers = graph.leaves.filter(({ weights }) => weights.specs.length > 0);
    // Gradients go back through those that are not trained, too.
    for (const layer of layers) trainedWeights(layer);
    this.layers = layers.filter(isTrained);
    this.#workspace = workspace;
    const paths = weightPaths(layers);
    this.list = this.layers.flatMap((layer) =>
      layer.weights.specs.flatMap((spec): Parameter[] => {
        const { name, trainable } = spec;
        if (trainable === false) return [];
        const gradient = this.gradientOf(layer, name);
        const values = layer.weights.canonical(name);
        const path = known(paths.get(spec), name);
        return [{ layer, path, spec, values, gradient, count: quad(storedSize(spec)) }];
      }),
    );
    this.count = this.list.reduce((sum, { count }) => sum + count, 0);
  }

  /** Where there is one weight, there is a layer that it belongs to; its memory lives as long as that of the others. */
  get #keeper(): TrainedWeights {
    return trainedWeights(known(this.layers[0], 'a layer with weights'));
  }

  zeroGradients(): void {
    for (const layer of this.layers) {
      const { gradients, gradientBytes } = trainedWeights(layer);
      this.#workspace.kernels.zero(gradients, gradientBytes);
    }
  }

  /** A block that goes with its owner, if `releaseOf` does not come first. */
  allocateFor(owner: object, bytes: number): number {
    return this.#keeper.allocateFor(owner, bytes);
  }

  releaseOf(owner: object, block: number): void {
    this.#keeper.releaseOf(owner, block);
  }

  /** √ Σ g² over all gradients (the global norm), or all weights. */
  norm(of: 'gradient' | 'values'): number {
    const training = trainingKernels(this.#workspace);
    return Math.sqrt(
      this.list.reduce((sum, parameter) => sum + training.sumOfSquares(parameter[of], parameter.count), 0),
    );
  }

  /** Copies of the gradients, shaped as the weights. */
  readGradients(): Tensor[] {
    return this.list.map(({ gradient, spec }) => {
      const at = gradient / 4;
      return makeTensor(withoutPadding(spec, this.#workspace.floats.subarray(at, at + storedSize(spec))), spec.shape);
    });
  }

  /** Packed and transposed copies follow the masters. */
  refresh(): void {
    for (const { weights } of this.layers) weights.pack();
  }
}
