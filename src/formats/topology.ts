/** Where a tensor of a graph comes from: a layer, which of its calls, which of that call's outputs. */
export interface TensorReference {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

/** A call of a layer. */
export interface CallDescription {
  readonly inputs: readonly TensorReference[];
  readonly initialState: readonly TensorReference[];
  /** Which steps count, where the first input does not carry it: a mask, or a tensor that carries it. */
  readonly mask?: TensorReference | undefined;
}

/**
 * A layer by the name of the function that makes it, such as 'lstm', with the options that the function takes. A layer inside of
 * another (`layer`, `backwardLayer`) is an option { kind, options }. Three kinds have options of their own:
 *   model   a model inside of another: its graph (layers, inputs, outputs)
 *   shared  a layer that was described before, in another model: its number, `index`, in the order in which layers end
 *   custom  a layer of the user's own: the graph of one call, and which of its layers (`parts`) all calls have in common
 */
export interface LayerDescription {
  readonly kind: string;
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly calls: readonly CallDescription[];
}

/** A graph as plain data. Input layers have the kind 'input' and no calls. */
export interface GraphTopology {
  readonly layers: readonly LayerDescription[];
  readonly inputs: readonly TensorReference[];
  readonly outputs: readonly TensorReference[];
}

/** A model's graph. */
export interface Topology extends GraphTopology {
  readonly name: string;
  /** Where there are custom layers: how the layers inside of composites are called, call by call. */
  readonly inner?: readonly string[];
}

/** A weight by its path, `layer/weight`. */
export interface NamedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What readers of files give, and `loadModel` builds. */
export interface ModelFile {
  readonly topology: Topology;
  readonly weights: readonly NamedWeight[];
}
