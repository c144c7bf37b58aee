import { asGiven, fields, flag, mismatch, refuse } from '../options/options.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import type { Size } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import type { ForwardContext, Room } from './context.js';
import { printShape, type Shape, type TensorSpec } from './shape.js';
import { leadingAxes } from './view.js';
import { LayerWeights, type DeclaredWeight, type DerivedVector, type PackedBlock, type WeightSpec } from './weights.js';
import { sizeOf } from '../tensors/tensor.js';

/*
 * Layers, their calls and the tensors between them. The three name each other (a call gives tensors, a tensor knows its call,
 * a call its layer), so they stand in one file.
 */

/** The value between two layers: what `input()` and `layer.apply()` give. Holds no numbers. */
export class SymbolicTensor implements TensorSpec {
  readonly shape: Shape;
  readonly time: Size | null;
  readonly batch: Size;
  readonly dtype: 'float32' | 'bool';
  /** Which time steps count, [batch, time]; null: all of them. */
  readonly mask: SymbolicTensor | null;
  /** The call of a layer that makes it, and which of its outputs it is. */
  readonly node: Node;
  readonly index: number;

  constructor(node: Node, index: number, spec: OutputSpec, mask: SymbolicTensor | null = null) {
    this.node = node;
    this.index = index;
    this.shape = spec.shape;
    this.time = spec.time;
    this.batch = spec.batch;
    this.dtype = spec.dtype ?? 'float32';
    this.mask = mask;
  }

  /** What must be computed before it: of a composite's output, the tensor inside that it is. */
  get needs(): readonly SymbolicTensor[] {
    const { inside, given } = this.node;
    return inside?.slice(this.index, this.index + 1) ?? given;
  }

  /** Axes before the features, as they lie in memory. */
  get leading(): readonly Size[] {
    return leadingAxes(this.shape, this.time, this.batch);
  }

  /** Whether it has one value a step, [batch, time], as masks and words have: such a tensor lies without padding. */
  get isDense(): boolean {
    return this.shape.length === 2 && this.time !== null;
  }

  /** The length of the last axis; 1 for a mask. */
  get features(): number {
    return this.isDense ? 1 : (this.shape.at(-1) ?? 1);
  }
}

/** What a layer is called with. */
export interface Call {
  readonly inputs: readonly SymbolicTensor[];
  readonly initialState: readonly SymbolicTensor[];
  readonly mask: SymbolicTensor | null;
}

export interface OutputSpec extends Omit<TensorSpec, 'dtype'> {
  /** Default 'float32'. */
  readonly dtype?: TensorSpec['dtype'];
  /** The mask that goes with it: one that exists, none (the default), or 'computed': one that this very call computes. */
  readonly mask?: SymbolicTensor | 'computed' | null;
}

/** One call of a layer. A shared layer has several; each has its own place in the plan and its own streaming state. */
export class Node implements Call {
  readonly layer: Layer;
  readonly inputs: readonly SymbolicTensor[];
  readonly initialState: readonly SymbolicTensor[];
  readonly mask: SymbolicTensor | null;
  readonly outputs: readonly SymbolicTensor[];
  /** The mask that this call computes, if it computes one. */
  readonly computedMask: SymbolicTensor | null;
  /** Of a composite layer: the tensors inside it that its outputs are. */
  readonly inside: readonly SymbolicTensor[] | null;
  /** The composite inside whose call it was made; of several the innermost. */
  owner: Layer | null = null;

  constructor(layer: Layer, call: Call, specs: readonly OutputSpec[], inside: Node['inside'] = null) {
    this.layer = layer;
    this.inputs = call.inputs;
    this.initialState = call.initialState;
    this.mask = call.mask;
    this.inside = inside;
    const masked = specs.find((spec) => spec.mask === 'computed');
    this.computedMask =
      masked === undefined
        ? null
        : new SymbolicTensor(this, specs.length, { ...masked, shape: masked.shape.slice(0, 2), dtype: 'bool' });
    this.outputs = specs.map(
      (spec, index) => new SymbolicTensor(this, index, spec, spec.mask === 'computed' ? this.computedMask : spec.mask),
    );
    const empty = this.outputs.find(({ features }) => features === 0);
    if (empty) mismatch(layer.title, 'at least one feature', printShape(empty.shape));
  }

  /** Everything that it is called with. */
  get given(): readonly SymbolicTensor[] {
    // A mask made of several is made of those of all inputs.
    const merged = this.computedMask !== null && this.inputs.length > 1;
    const masks = [this.mask, ...(merged ? this.inputs.map(({ mask }) => mask) : [])];
    return [...this.inputs, ...this.initialState, ...masks.filter((mask) => mask !== null)];
  }
}

/** A kind of layer: everything about it but its backward steps, which live apart so that inference does not hold them. */
export interface LayerDefinition<C> {
  /** Keras's class name, also in files. */
  readonly className: string;
  /** The name that a layer gets when the user gives none; absent: its class name in snake case (Keras). */
  readonly baseName?: string;
  /**
   * Checks what it is called with and says what comes out; of a composite, a layer made of others: calls these, and gives
   * the tensors that are its outputs. Throws an error that starts with the layer's name.
   */
  outputs(config: C, call: Call, name: string): readonly OutputSpec[];
  /** The layers of a composite that have weights, in Keras's order. */
  inside?(config: C): readonly Layer[];
  /** The inputs of a call that must have as many steps each. */
  joins?(config: C, inputs: readonly SymbolicTensor[]): readonly SymbolicTensor[];
  /** Whether its inputs may be of different batches, as where steps have become sequences. */
  readonly mixesBatches?: true;
  /** Whether it takes each row [features] by itself, whatever axes lie before. */
  readonly rowByRow?: true;
  weights?(config: C, features: number, shape: Shape): readonly DeclaredWeight[];
  /** Vectors that follow from the weights and are read beside them, such as what normalisations scale by. */
  derived?(config: C, features: number): readonly DerivedVector[];
  packing?(config: C, features: number): readonly PackedBlock[];
  /**
   * Of a layer whose input is numbers of rows (Embedding), not features: throws unless the values of a model's input, from which
   * its own are taken, are such numbers. `shape` may lack, where they come flat.
   */
  checkInput?(config: C, where: string, values: Float32Array, shape?: readonly number[]): void;
  /** Throws, when a plan is made, if it cannot run with its weights (Normalization that was never adapted). */
  checkWeights?(config: C, weights: LayerWeights, title: string): void;
  /** Whether the output is the input, bit for bit (Dropout unless values are dropped at random): then no step runs. */
  isIdentity?(config: C, random: boolean, input: SymbolicTensor): boolean;
  /** How many steps come out; absent: as many as go in. In a stream, how many after so many. */
  steps?(config: C, input: Size, streaming: boolean): Size;
  /** Whether an output needs steps that come later, so that only the whole sequence will do; `rank`: of its input. */
  needsWhole?(config: C, rank: number): boolean;
  /** The steps of zeros around its input that it reads in whole runs. */
  room?(config: C): Room;
  /** Whether the config asks for states that live on from run to run. */
  isStateful?(config: C): boolean;
  /** Whether `apply` gives an array, as with `returnState`. */
  givesList?(config: C): boolean;
  /** Emits the steps that compute the outputs; absent: none run at inference, or those of the layers inside do. */
  forward?(context: ForwardContext, config: C): void;
}

/** The name of a kind of layer: LeakyReLU is leaky_re_lu, Conv1DTranspose conv1d_transpose. */
export function baseNameOf({ className, baseName }: Pick<LayerDefinition<never>, 'className' | 'baseName'>): string {
  return baseName ?? className.replace(/\B(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}

/** Options that every layer takes. */
export interface LayerOptions {
  /** Unique in a model; the default is the kind's name with a number. */
  name?: string;
  /** Axes of the input without the batch, for the first layer of `sequential`; null: any length. */
  inputShape?: readonly (number | null)[];
  /** The same with the batch, which a stateful layer may fix: [batch, time, features]. */
  batchInputShape?: readonly (number | null)[];
  /** Whether training changes its weights; also to be set later, as `layer.trainable`. Default true. */
  trainable?: boolean;
  /** A penalty of its outputs, added to the loss: that of a sample, their mean. Default: none. */
  activityRegularizer?: RegularizerOption;
}

export interface ApplyOptions {
  /** Initial states of a recurrent layer, each [batch, units]: h, or h and c. */
  initialState?: SymbolicTensor | readonly SymbolicTensor[];
  /** Which steps count, [batch, time], dtype bool; by default the mask that the input carries. */
  mask?: SymbolicTensor;
}

/**
 * A layer: a kind, its options, and, once a model over it was made, its weights in that model's workspace. Calling it with
 * symbolic tensors (`apply`) makes a node of a graph; calling it again shares its weights.
 */
export class Layer<C = unknown, Output extends SymbolicTensor | SymbolicTensor[] = SymbolicTensor | SymbolicTensor[]> {
  readonly definition: LayerDefinition<C>;
  readonly config: C;
  /** The input shape with the batch that the options gave, for `sequential`. */
  readonly batchInputShape: Shape | undefined;
  /** The user's name for it, or the one that the first model over it gave. */
  name: string | undefined;
  /** Whether the name is the user's: others give way where two meet in a graph. */
  readonly isNamed: boolean;
  /** What the options say of a penalty for its outputs: training alone reads it. */
  activityRegularizer: unknown;
  /** The values that its weights start with, where they are known before a model is made over it; else training's, or zeros. */
  startValues: readonly Float32Array[] | undefined;
  #trainable = true;
  #workspace: Workspace | undefined;
  #weights: LayerWeights | undefined;
  #features: number | undefined;
  /** Of the input of its first call. */
  #shape: Shape | undefined;
  /** The composite that it is a part of; that alone may call it. */
  #parent: Layer | undefined;
  #calling = false;
  /** Of a composite: what its calls made beside the layers that it is defined by. */
  readonly #helpers: Layer[] = [];

  constructor(definition: LayerDefinition<C>, config: C, name?: string, batchInputShape?: Shape) {
    this.definition = definition;
    this.config = config;
    this.name = name;
    this.isNamed = name !== undefined;
    this.batchInputShape = batchInputShape;
  }

  /** Runs what calls layers, or makes them parts of another; if it throws, they are as they were. */
  static attempt<T>(layers: readonly Layer[], run: () => T): T {
    const undo = layers.map((layer) => layer.#remember());
    try {
      return run();
    } catch (error) {
      for (const back of undo) back();
      throw error;
    }
  }

  #remember(): () => void {
    const [features, shape, parent, name] = [this.#features, this.#shape, this.#parent, this.name];
    const inside = this.definition.inside?.(this.config).map((layer) => layer.#remember()) ?? [];
    return () => {
      [this.#features, this.#shape, this.#parent, this.name] = [features, shape, parent, name];
      for (const back of inside) back();
    };
  }

  /** Makes it a part of a composite, under a name of its own in there; '': its weights go by the composite's name. */
  joinComposite(parent: Layer, name: string): void {
    if (this.#parent !== undefined || this.#features !== undefined) {
      throw new Error(`${parent.title}: the ${this.baseName} is in use already`);
    }
    this.#parent = parent;
    this.name = name;
  }

  /** Makes the layers between a composite's inputs and outputs its parts. */
  #adoptHelpers(call: Call, outputs: readonly SymbolicTensor[]): void {
    const given = [...call.inputs, ...call.initialState];
    const seen = new Set([...given, ...given.map(({ mask }) => mask), call.mask]);
    const visit = (tensor: SymbolicTensor): void => {
      if (seen.has(tensor)) return;
      seen.add(tensor);
      tensor.node.given.forEach(visit);
      if (tensor.node.inputs.length === 0) return;
      tensor.node.owner = this;
      const { layer } = tensor.node;
      if (layer.#parent !== undefined || this.definition.inside?.(this.config).includes(layer) === true) return;
      layer.#parent = this;
      layer.name ??= `${layer.baseName}_${this.#helpers.length}`;
      this.#helpers.push(layer);
    };
    outputs.forEach(visit);
  }

  /** What it is called without a name; the second one in a graph gets `_1`. */
  get baseName(): string {
    return baseNameOf(this.definition);
  }

  /** The composite that it is a part of. */
  get parent(): Layer | undefined {
    return this.#parent;
  }

  /** How errors, weights and random numbers call it: a part of a composite by both names, "bidirectional/forward_lstm". */
  get title(): string {
    const name = this.name ?? this.baseName;
    if (this.#parent === undefined) return name;
    return name === '' ? this.#parent.title : `${this.#parent.title}/${name}`;
  }

  /**
   * Whether training changes its weights. To set it sets it of the layers inside too. A model takes it as it is when it is
   * compiled: afterwards it wants to be compiled again (Keras).
   */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    this.#trainable = flag(value, `${this.title}: trainable`);
    for (const layer of this.definition.inside?.(this.config) ?? []) layer.trainable = value;
  }

  /** Whether it is trainable, and the composites that it is a part of. */
  get isTrained(): boolean {
    return this.#trainable && (this.#parent?.isTrained ?? true);
  }

  /** The layers that have weights and steps of their own: itself, or a composite's parts. */
  get leaves(): readonly Layer[] {
    const inside = [...(this.definition.inside?.(this.config) ?? []), ...this.#helpers];
    // A model among them has adopted its layers itself.
    return inside.length === 0 ? [this] : [...new Set(inside.flatMap((layer) => layer.leaves))];
  }

  /** How many steps a stream has given after so many of its input. */
  stepsAfter(input: Size): Size {
    return this.definition.steps?.(this.config, input, true) ?? input;
  }

  /** Whether it cannot run step by step. */
  get needsWhole(): boolean {
    return this.definition.needsWhole?.(this.config, this.#shape?.length ?? 3) ?? false;
  }

  /**
   * Calls the layer on symbolic tensors.
   * @returns the symbolic output; with `returnState: true` an array: the output, then the states.
   * @throws TypeError when the shapes do not fit; it names the layer, what was expected and what came.
   */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[], options: ApplyOptions = {}): Output {
    const outputs = this.call(inputs, options).outputs;
    const isList = this.definition.givesList?.(this.config) ?? outputs.length > 1;
    return (isList ? [...outputs] : outputs[0]) as Output;
  }

  /** As `apply`, but gives the node itself. */
  call(inputs: SymbolicTensor | readonly SymbolicTensor[], options: ApplyOptions = {}): Node {
    if (this.#parent !== undefined && !this.#parent.#calling) {
      throw new Error(`${this.baseName}: is inside ${this.#parent.title}; call that instead`);
    }
    const list = toList(inputs);
    fields(options, `${this.title}: apply`, { initialState: asGiven, mask: asGiven });
    const call: Call = {
      inputs: list,
      initialState: options.initialState === undefined ? [] : toList(options.initialState),
      mask: options.mask ?? list[0]?.mask ?? null,
    };
    this.#checkCall(call);
    const specs = Layer.attempt([this], () => this.#outputsOf(call));
    const { shape = [], features: given = 0 } = list[0] ?? {};
    const features = this.definition.checkInput === undefined ? given : 1;
    if (this.definition.weights !== undefined) {
      const weightsFor = (count: number, of: Shape): string =>
        [count, ...this.#specsFor(count, of).map((spec) => printShape(spec.shape))].join();
      const known = this.#shape ?? shape;
      if (weightsFor(this.#features ?? features, known) !== weightsFor(features, shape)) {
        mismatch(this.title, `an input of shape ${printShape(known)}, as in its first call`, printShape(shape));
      }
      this.#features = features;
    }
    this.#shape ??= shape;
    if (!specs.every((spec) => spec instanceof SymbolicTensor)) return new Node(this, call, specs);
    this.#adoptHelpers(call, specs);
    return new Node(this, call, specs, specs);
  }

  /** The workspace that its weights live in; undefined before the first model over it was made. */
  get workspace(): Workspace | undefined {
    return this.#workspace;
  }

  /** What weights it has, once it was called: its input's features are known then. */
  get weightSpecs(): readonly WeightSpec[] {
    return this.#specsFor(this.#features ?? 0, this.#shape ?? []);
  }

  /** Gives the layer its weights in a workspace: zeros, or these values. */
  build(workspace: Workspace, values: readonly Float32Array[] | undefined): void {
    this.#workspace = workspace;
    const features = this.#features ?? 0;
    const blocks = this.definition.packing?.(this.config, features) ?? [];
    const vectors = this.definition.derived?.(this.config, features) ?? [];
    this.#weights = new LayerWeights(workspace, this.weightSpecs, blocks, vectors);
    if (values === undefined) return;
    this.weightSpecs.forEach(({ name, shape }, i) => {
      const [wanted, came = 0] = [sizeOf(shape), values[i]?.length];
      if (came !== wanted) mismatch(`${this.title}/${name}`, `${wanted} values`, came);
    });
    this.#weights.set(values);
  }

  get weights(): LayerWeights {
    if (this.#weights === undefined) throw new Error(`${this.title}: no model was made over this layer yet`);
    return this.#weights;
  }

  #specsFor(features: number, shape: Shape): readonly WeightSpec[] {
    const declared = this.definition.weights?.(this.config, features, shape) ?? [];
    return declared.map((weight) => ({ options: this.config as object, ...weight }));
  }

  #outputsOf(call: Call): readonly OutputSpec[] {
    this.#calling = true;
    try {
      return this.definition.outputs(this.config, call, this.title);
    } finally {
      this.#calling = false;
    }
  }

  #checkCall({ inputs, initialState, mask }: Call): void {
    const given: readonly unknown[] = [...inputs, ...initialState, ...(mask === null ? [] : [mask])];
    const tensors = given.filter((tensor) => tensor instanceof SymbolicTensor);
    const [first] = tensors;
    if (first === undefined || inputs.length === 0 || tensors.length < given.length) {
      const wrong = given.find((tensor) => !(tensor instanceof SymbolicTensor));
      return refuse(this.title, 'symbolic tensors (from input() or layer.apply())', wrong);
    }
    const isOneBatch = this.definition.mixesBatches !== true;
    if (isOneBatch && tensors.some(({ batch }) => batch !== first.batch)) {
      mismatch(this.title, 'tensors of one batch', 'some of which TimeDistributed has made sequences of their steps');
    }
    const isComposite = 'inside' in this.definition;
    const bare = inputs.find(
      ({ isDense, dtype }) => isDense && (dtype === 'bool' || !('checkInput' in this.definition)),
    );
    if (bare !== undefined && !isComposite) {
      mismatch(this.title, 'an input with features', `${printShape(bare.shape, ['batch', 'time'])} of ${bare.dtype}`);
    }
    if (mask?.dtype === 'float32') {
      mismatch(this.title, "a mask of dtype 'bool'", `${printShape(mask.shape)} of float32`);
    }
    if (isOneBatch && mask !== null && first.time === null)
      mismatch(this.title, 'no mask, without steps', printShape(mask.shape));
  }
}

/** What can stand where a layer is wanted: a model, whose layers then are a part of another. */
export interface LayerLike {
  asLayer(): Layer;
}

/** A layer, or a model as one; undefined: neither. */
export function toLayer(value: unknown): Layer | undefined {
  if (value instanceof Layer) return value as Layer;
  const isLike =
    typeof value === 'object' && value !== null && 'asLayer' in value && typeof value.asLayer === 'function';
  return isLike ? (value as LayerLike).asLayer() : undefined;
}

function toList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** The inputs of a call that must have as many steps each. */
export function joinedInputs({ layer, inputs }: Node): readonly SymbolicTensor[] {
  return layer.definition.joins?.(layer.config, inputs) ?? [];
}
