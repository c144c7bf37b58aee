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
  /** Where it is not that of the first input. */
  readonly mask?: TensorReference;
}

/** A layer by the name of the function that makes it, such as 'lstm', with the options that the function takes. */
export interface LayerDescription {
  readonly kind: string;
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly calls: readonly CallDescription[];
}

/** A model's graph as plain data. Input layers have the kind 'input' and no calls. */
export interface Topology {
  readonly name: string;
  readonly layers: readonly LayerDescription[];
  readonly inputs: readonly TensorReference[];
  readonly outputs: readonly TensorReference[];
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
