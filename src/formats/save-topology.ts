import type { Graph } from '../graph/graph.js';
import type { Layer, Node, SymbolicTensor } from '../graph/layer.js';
import type { CallDescription, LayerDescription, TensorReference, Topology } from './topology.js';

/** The names of the functions that make layers, by Keras's class names. */
const kinds: Readonly<Record<string, string | undefined>> = {
  Activation: 'activation',
  Add: 'add',
  Average: 'average',
  AveragePooling1D: 'averagePooling1d',
  BatchNormalization: 'batchNormalization',
  Bidirectional: 'bidirectional',
  Concatenate: 'concatenate',
  Conv1D: 'conv1d',
  Conv1DTranspose: 'conv1dTranspose',
  Cropping1D: 'cropping1d',
  Dense: 'dense',
  DepthwiseConv1D: 'depthwiseConv1d',
  Dot: 'dot',
  Dropout: 'dropout',
  ELU: 'elu',
  Embedding: 'embedding',
  Flatten: 'flatten',
  GaussianNoise: 'gaussianNoise',
  GlobalAveragePooling1D: 'globalAveragePooling1d',
  GlobalMaxPooling1D: 'globalMaxPooling1d',
  GroupNormalization: 'groupNormalization',
  GRU: 'gru',
  InputLayer: 'input',
  LayerNormalization: 'layerNormalization',
  LeakyReLU: 'leakyReLU',
  LSTM: 'lstm',
  Masking: 'masking',
  Maximum: 'maximum',
  MaxPooling1D: 'maxPooling1d',
  Minimum: 'minimum',
  Multiply: 'multiply',
  Normalization: 'normalization',
  Permute: 'permute',
  PReLU: 'prelu',
  RepeatVector: 'repeatVector',
  Reshape: 'reshape',
  SeparableConv1D: 'separableConv1d',
  SimpleRNN: 'simpleRNN',
  Softmax: 'softmax',
  SpatialDropout1D: 'spatialDropout1d',
  Subtract: 'subtract',
  TimeDistributed: 'timeDistributed',
  UpSampling1D: 'upSampling1d',
  ZeroPadding1D: 'zeroPadding1d',
};

/** Options that are no data of a file: its weights are those of the layer now. */
const notKept = ['weights', 'parts'];

/**
 * A graph as plain data. Models inside of it, and layers of one's own, stand as the layers that they are made of, under their titles.
 * @throws Error, naming the layer, for what no file can hold.
 */
export function topologyOf(name: string, graph: Graph): Topology {
  const nodes = graph.nodes.filter(({ layer }) => kindOf(layer) !== undefined && isUnit(layer));
  const calls = new Map<Layer, Node[]>();
  for (const node of nodes) calls.set(node.layer, [...(calls.get(node.layer) ?? []), node]);
  const refer = (tensor: SymbolicTensor): TensorReference => {
    const { node, index } = sourceOf(graph, tensor);
    const call = calls.get(node.layer)?.indexOf(node) ?? 0;
    return { layer: node.layer.title, call, output: index };
  };
  const inputs = graph.inputs.map(({ node }): LayerDescription => describe(node.layer, []));
  const layers = Array.from(calls, ([layer, own]) =>
    describe(
      layer,
      own.map((node) => callOf(node, refer)),
    ),
  );
  return {
    name,
    layers: [...inputs, ...layers],
    inputs: graph.inputs.map(refer),
    outputs: graph.outputs.map(refer),
  };
}

function kindOf({ definition }: Layer): string | undefined {
  return kinds[definition.className];
}

/** Whether a layer stands for itself: it is no part of a wrapper such as Bidirectional, which stands for its parts. */
function isUnit({ parent }: Layer): boolean {
  return parent === undefined || (kindOf(parent) === undefined && isUnit(parent));
}

/** The tensor that a layer's output is, inside of models and layers of one's own. */
function sourceOf(graph: Graph, tensor: SymbolicTensor): SymbolicTensor {
  const { node, index } = tensor;
  if (node.inside === null || kindOf(node.layer) !== undefined || graph.inputs.includes(tensor)) return tensor;
  const inner = node.inside[index];
  return inner === undefined ? tensor : sourceOf(graph, inner);
}

function callOf(
  { layer, inputs, initialState, mask }: Node,
  refer: (tensor: SymbolicTensor) => TensorReference,
): CallDescription {
  const call = { inputs: inputs.map(refer), initialState: initialState.map(refer) };
  if (mask === (inputs[0]?.mask ?? null)) return call;
  if (mask === null || mask.index >= mask.node.outputs.length) {
    throw new Error(`${layer.title}: its mask is no output of a layer or an input, so that no file can hold it`);
  }
  return { ...call, mask: refer(mask) };
}

function describe(layer: Layer, calls: readonly CallDescription[]): LayerDescription {
  const { kind, options } = describeInner(layer);
  return { kind, name: layer.title, options, calls };
}

function describeInner(layer: Layer): { kind: string; options: Record<string, unknown> } {
  const kind = kindOf(layer);
  if (kind === undefined) throw new Error(`${layer.title}: a file cannot hold a ${layer.definition.className} here`);
  const { config, trainable, activityRegularizer } = layer;
  const options: Record<string, unknown> = {};
  const all = { ...(config as object), ...(trainable ? {} : { trainable }), activityRegularizer };
  for (const [name, value] of Object.entries<unknown>(all)) {
    if (value === undefined || notKept.includes(name)) continue;
    options[name] = isLayer(value) ? innerOf(value) : dataOf(`${layer.title}: ${name}`, value);
  }
  return { kind, options };
}

/** A layer inside a wrapper; Bidirectional calls its layers forward_ and backward_ whatever they are called. */
function innerOf(layer: Layer): { kind: string; options: Record<string, unknown> } {
  const { kind, options } = describeInner(layer);
  const name = layer.name?.replace(/^(forward|backward)_/, '');
  return { kind, options: name === undefined || name === '' ? options : { ...options, name } };
}

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && 'definition' in value && 'config' in value;
}

function dataOf(where: string, value: unknown): unknown {
  if (typeof value === 'function') throw new Error(`${where}: a function, which no file can hold`);
  if (value instanceof Float32Array) return [...value];
  return value;
}
