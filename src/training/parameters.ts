import type { Graph } from '../graph/graph.js';
import type { Layer } from '../graph/layer.js';
import { MasterWeights } from '../graph/master-weights.js';
import { storedSize, withoutPadding, type WeightSpec } from '../graph/weights.js';
import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { makeTensor, type Tensor } from '../tensors/tensor.js';

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

/** Some weights of a model: those that an optimizer changes, or all. */
export interface ParameterList {
  readonly list: readonly Parameter[];
  /** Floats in all of them. */
  readonly count: number;
  /** √ Σ g² over all their gradients: the global norm. */
  gradientNorm(): number;
}

/** Masters and gradients of all weights of a graph; the gradients lie in one block, zeroed by one call. */
export class Parameters implements ParameterList {
  readonly list: readonly Parameter[];
  readonly count: number;
  readonly #workspace: Workspace;
  readonly #gradients: number;
  readonly #byKey = new Map<Layer, Map<string, number>>();

  constructor(graph: Graph, workspace: Workspace) {
    this.#workspace = workspace;
    const specs = graph.leaves.flatMap((layer) =>
      layer.weights.specs.filter((spec) => spec.trainable !== false).map((spec) => ({ layer, spec })),
    );
    this.count = specs.reduce((sum, { spec }) => sum + quad(storedSize(spec)), 0);
    this.#gradients = workspace.allocate(4 * this.count);
    for (const { weights } of graph.leaves) weights.master ??= new MasterWeights(weights);
    let gradient = this.#gradients;
    this.list = specs.map(({ layer, spec }) => {
      const count = quad(storedSize(spec));
      const parameter = {
        layer,
        path: `${layer.title}/${spec.name}`,
        spec,
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

  gradientNorm(): number {
    return normOf(this.#workspace, this.list);
  }

  /** Those of the layers that are trainable now. */
  trained(): ParameterList {
    const list = this.list.filter(({ layer }) => layer.isTrained);
    const count = list.reduce((sum, parameter) => sum + parameter.count, 0);
    return { list, count, gradientNorm: () => normOf(this.#workspace, list) };
  }

  /** Copies of the gradients, shaped as the weights. */
  readGradients(): Tensor[] {
    return this.list.map(({ gradient, spec }) => {
      const at = gradient / 4;
      return makeTensor(withoutPadding(spec, this.#workspace.floats.subarray(at, at + storedSize(spec))), spec.shape);
    });
  }

  /** Packed and transposed copies follow the masters. */
  refresh(layers: readonly Layer[]): void {
    for (const layer of layers) layer.weights.pack();
  }
}

function normOf(workspace: Workspace, list: readonly Parameter[]): number {
  const training = trainingKernels(workspace);
  return Math.sqrt(list.reduce((sum, { gradient, count }) => sum + training.sumOfSquares(gradient, count), 0));
}
