import type { Graph } from '../graph/graph.js';
import type { Layer } from '../graph/layer.js';
import { sizeOf } from '../graph/weights.js';
import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { makeTensor, type Tensor } from '../tensors/tensor.js';
import { trainedWeights } from './trained-weights.js';

/** One weight as training sees it: flat blocks of floats, rounded up to whole vectors. */
export interface Parameter {
  readonly layer: Layer;
  /** layer/weight. */
  readonly path: string;
  readonly shape: readonly number[];
  /** The master values, and the gradient in the same layout. */
  readonly values: number;
  readonly gradient: number;
  /** Floats in each block. */
  readonly count: number;
}

/** Masters and gradients of all weights of a graph; the gradients lie in one block, zeroed by one call. */
export class Parameters {
  readonly list: readonly Parameter[];
  /** Floats in all of them. */
  readonly count: number;
  readonly #layers: readonly Layer[];
  readonly #workspace: Workspace;
  readonly #gradients: number;
  readonly #byKey = new Map<Layer, Map<string, number>>();

  constructor(graph: Graph, workspace: Workspace) {
    this.#layers = graph.layers;
    this.#workspace = workspace;
    const specs = graph.layers.flatMap((layer) => layer.weights.specs.map((spec) => ({ layer, spec })));
    this.count = specs.reduce((sum, { spec }) => sum + quad(sizeOf(spec.shape)), 0);
    this.#gradients = workspace.allocate(4 * this.count);
    graph.layers.forEach(trainedWeights);
    let gradient = this.#gradients;
    this.list = specs.map(({ layer, spec }) => {
      const count = quad(sizeOf(spec.shape));
      const parameter = {
        layer,
        path: `${layer.title}/${spec.name}`,
        shape: spec.shape,
        values: layer.weights.canonical(spec.name),
        gradient,
        count,
      };
      const ofLayer = this.#byKey.get(layer) ?? new Map<string, number>();
      this.#byKey.set(layer, ofLayer.set(spec.name, gradient));
      gradient += 4 * count;
      return parameter;
    });
  }

  /** Where the gradient of a weight is summed. */
  readonly gradientOf = (layer: Layer, weight: string): number => {
    const address = this.#byKey.get(layer)?.get(weight);
    if (address === undefined) throw new Error(`${layer.title}: "${weight}" is not a weight of this model`);
    return address;
  };

  zeroGradients(): void {
    this.#workspace.kernels.zero(this.#gradients, 4 * this.count);
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
    return this.list.map(({ gradient, shape }) => {
      const at = gradient / 4;
      return makeTensor(this.#workspace.floats.slice(at, at + sizeOf(shape)), shape);
    });
  }

  /** Packed and transposed copies follow the masters. */
  refresh(): void {
    for (const { weights } of this.#layers) weights.pack();
  }
}
