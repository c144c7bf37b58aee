import type { ArgumentsOf, Argument, KernelName, Plan, PlanTensor } from '../plan/plan.js';
import { add, multiply, type Size } from '../plan/size.js';
import type { CompiledGraph, CompiledNode } from './compile.js';
import type { NodeContext } from './node-context.js';
import type { Graph } from './graph.js';
import type { Layer, SymbolicTensor } from './layer.js';
import { Randomness } from './randomness.js';
import { widthOf, type Matrix, type Panels } from './weights.js';

/** The backward steps of a kind of layer. */
export interface Backward<C> {
  /** Emits the steps that turn the outputs' gradients into those of weights, inputs and initial states (added to them). */
  emit(context: BackwardContext, config: C): void;
  /** Emits forward steps for training, of a layer that drops or adds values at random: inference does not hold these. */
  forward?(context: NodeContext, config: C, randomness: Randomness): void;
  /** Emits steps that change weights by themselves (moving averages): they run once a batch of training is accepted. */
  accept?(context: NodeContext, config: C): void;
}

/** Backward steps by Keras's class name: training hands it in, so that inference does not hold it. */
export type BackwardTable = Readonly<Record<string, Backward<unknown> | undefined>>;

/** Where the gradient of a weight is summed, in the weight's own layout. */
export type WeightGradients = (layer: Layer, weight: string) => number;

/** Gradients of the tensors of a graph. Each is made, and zeroed, when the first step adds to it. */
export class TensorGradients {
  readonly #plan: Plan;
  readonly #compiled: CompiledGraph;
  readonly #needed: ReadonlySet<SymbolicTensor>;
  readonly #tensors = new Map<SymbolicTensor, PlanTensor>();

  /**
   * @param wanted inputs whose gradients the user wants
   * @param isTrained whether the gradients of a layer's weights are wanted
   */
  constructor(
    graph: Graph,
    compiled: CompiledGraph,
    wanted: readonly SymbolicTensor[],
    isTrained: (layer: Layer) => boolean = () => true,
  ) {
    this.#plan = compiled.plan;
    this.#compiled = compiled;
    this.#needed = neededGradients(graph, wanted, isTrained);
  }

  /** To add to; null when nothing that can be trained, and no wanted input, lies behind the tensor. */
  of(symbolic: SymbolicTensor): PlanTensor | null {
    const source = this.#compiled.resolve(symbolic);
    const found = this.#tensors.get(source);
    if (found !== undefined || !this.#needed.has(source)) return found ?? null;
    const values = this.#compiled.tensorOf(source);
    const tensor = this.#plan.rows(`d(${values.name})`, source.leading, source.features);
    this.#tensors.set(source, tensor);
    this.#plan.emit(source.node.layer.title, 'zero', tensor, tensor.bytes);
    return tensor;
  }

  /** As `of`, but null too when nothing was added to it: then the tensor is not on the way to any loss. */
  existing(symbolic: SymbolicTensor): PlanTensor | null {
    return this.#tensors.get(this.#compiled.resolve(symbolic)) ?? null;
  }
}

/** Emits the backward steps of every call that lies on the way from a gradient to something that can be trained. */
export function emitBackward(
  compiled: CompiledGraph,
  gradients: TensorGradients,
  weightGradients: WeightGradients,
  table: BackwardTable,
  randomness = new Randomness(),
): void {
  for (const compiledNode of [...compiled.nodes].reverse()) {
    const { node } = compiledNode;
    if (!node.outputs.some((output) => gradients.existing(output) !== null)) continue;
    const { className } = node.layer.definition;
    const backward = table[className];
    if (backward === undefined) throw new Error(`${node.layer.title}: no backward steps are known for ${className}`);
    backward.emit(new BackwardContext(compiledNode, gradients, weightGradients, randomness), node.layer.config);
  }
}

/** What the backward steps of one call work on. */
export class BackwardContext {
  /** The context of the forward steps: values and what was kept. */
  readonly forward: NodeContext;
  readonly randomness: Randomness;
  readonly #node: CompiledNode['node'];
  readonly #gradients: TensorGradients;
  readonly #weightGradients: WeightGradients;

  constructor(
    { node, context }: CompiledNode,
    gradients: TensorGradients,
    weights: WeightGradients,
    randomness: Randomness,
  ) {
    this.forward = context;
    this.randomness = randomness;
    this.#node = node;
    this.#gradients = gradients;
    this.#weightGradients = weights;
  }

  /** To add to; null when nobody needs it. */
  inputGradient(index = 0): PlanTensor | null {
    const symbolic = this.#node.inputs[index];
    return symbolic === undefined ? null : this.#gradients.of(symbolic);
  }

  /** Where the gradient of a weight that is read as it is is summed; 0 where the layer has none of this name. */
  vectorGradient(name: string): Size {
    const { layer } = this.forward;
    return this.forward.vector(name) === 0 ? 0 : this.#weightGradients(layer, name);
  }

  /** To add to; null when nobody needs it. */
  initialStateGradient(index: number): PlanTensor | null {
    const symbolic = this.#node.initialState[index];
    return symbolic === undefined ? null : this.#gradients.of(symbolic);
  }

  /** The whole gradient of an output, which this call may overwrite; null when the output is not on the way to a loss. */
  outputGradient(index = 0): PlanTensor | null {
    const symbolic = this.#node.outputs[index];
    return symbolic === undefined ? null : this.#gradients.existing(symbolic);
  }

  scratch(name: string, leading: readonly Size[], features: number): PlanTensor {
    return this.forward.plan.rows(`${this.forward.title}.${name}`, leading, features);
  }

  emit<K extends KernelName>(kernel: K, ...args: ArgumentsOf<K>): void {
    this.forward.plan.emit(this.forward.title, kernel, ...args);
  }

  /** The transposed panels of packed weights; or, behind each other, those of matrices made of the part's weight. */
  transposed(block: string, part = 0, matrices?: readonly Matrix[]): number {
    const { master } = this.forward.layer.weights;
    if (master === undefined) throw new Error(`${this.forward.title}: its weights are not prepared for training`);
    return master.transposed(block, part, matrices);
  }

  /** dx += dy · Wᵀ, for one part of packed weights with `features` rows. */
  emitInputGradient(block: string, dy: Rows, dx: Rows, rows: Size, features: number, part = 0): void {
    const width = widthOf(this.#part(block, part).part);
    const panels = this.transposed(block, part);
    this.emit('product', dy.at, dy.rowBytes, panels, 0, dx.at, dx.rowBytes, rows, 1, 0, width, features);
  }

  /** dW += xᵀ · dy over all rows, for one part of packed weights. */
  emitWeightGradient(block: string, x: Rows, dy: Rows, rows: Size, part = 0): void {
    const { block: packed, part: columns } = this.#part(block, part);
    const inputs = packed.rows;
    const dw = this.scratch(`d(${block})`, [inputs], widthOf(columns));
    this.emit('zero', dw, dw.bytes);
    this.emit('productGradient', x.at, x.rowBytes, dy.at, dy.rowBytes, dw, rows, inputs, dw.rowBytes / 4);
    this.emitUngated(block, part, dw, inputs);
  }

  /** db += Σ dy over all rows, for one part of a packed bias. */
  emitBiasGradient(block: string, dy: Rows, rows: Size, part = 0): void {
    const columns = this.#part(block, part).part;
    if (columns.sources.length === 0) return;
    const db = this.scratch(`d(${block})`, [1], widthOf(columns));
    this.emit('zero', db, db.bytes);
    this.emit('columnSums', dy.at, dy.rowBytes, db, rows, db.rowBytes / 4);
    this.emitUngated(block, part, db, 1);
  }

  /** target += source, whole tensors of the same shape. */
  emitAdd(target: PlanTensor, source: PlanTensor): void {
    this.emit('accumulate', target, source, multiply(source.bytes, 0.25));
  }

  /** Adds the gradient of a part of packed weights, gate-interleaved as the part is, to those of its sources. */
  emitUngated(block: string, part: number, from: PlanTensor, rows: number): void {
    const { layer } = this.forward;
    const { sources, units, gates } = this.#part(block, part).part;
    for (const source of sources) {
      // Gradients lie as the master does.
      const [at, stride] = layer.weights.locate(source);
      const offset = at - layer.weights.canonical(source.weight);
      this.emit(
        'addUngated',
        from,
        add(this.#weightGradients(layer, source.weight), offset),
        stride,
        rows,
        units,
        gates,
      );
    }
  }

  #part(block: string, part: number): Panels {
    return this.forward.layer.weights.part(block, part);
  }
}

/** Rows in memory: where the first one is, and the bytes from one to the next. */
export interface Rows {
  readonly at: Argument;
  readonly rowBytes: number;
}

/** All rows of a tensor, or those from an offset in bytes on. */
export function rowsOf(tensor: PlanTensor, offset: Size = 0): Rows {
  return { at: offset === 0 ? tensor : { tensor, offset }, rowBytes: tensor.rowBytes };
}

/** The tensors behind which weights, or wanted inputs, lie. */
function neededGradients(
  graph: Graph,
  wanted: readonly SymbolicTensor[],
  isTrained: (layer: Layer) => boolean,
): Set<SymbolicTensor> {
  const needed = new Set<SymbolicTensor>(wanted);
  for (const node of graph.nodes) {
    const hasWeights = node.inside === null && node.layer.weights.specs.length > 0 && isTrained(node.layer);
    const reaches = (node.inside ?? [...node.inputs, ...node.initialState]).some((tensor) => needed.has(tensor));
    if (hasWeights || reaches) for (const output of node.outputs) needed.add(output);
  }
  return needed;
}
