/** Random models, as data that fast-check can print and shrink: chains and graphs of every layer there is. */
import fc from 'fast-check';
import { input, layers, type ActivationName, type Layer, type Model, type SymbolicTensor } from '../../src/index.js';
import type * as library from '../../src/inference.js';
import { createRandom } from '../random.js';
import { activationNames, inputActivationNames } from '../reference/activations.js';

const kinds = [
  'simpleRNN',
  'lstm',
  'gru',
  'gruResetBefore',
  'conv1d',
  'dense',
  'timeDistributed',
  'activation',
  'leakyReLU',
  'elu',
  'prelu',
  'softmax',
  'dropout',
  'layerNormalization',
  'batchNormalization',
  'scaler',
  'branches',
  'nested',
] as const;

/** One call of a layer. */
interface DrawnCall {
  readonly kind: (typeof kinds)[number];
  readonly units: number;
  readonly window: number;
  readonly dilation: number;
  readonly activation: 'tanh' | 'sigmoid' | 'softsign' | 'hardSigmoid' | 'relu' | 'elu';
  /** What the activation of a layer without memory is. */
  readonly bend: ActivationName;
  readonly useBias: boolean;
  /** Graphs: which of the sequences so far it reads, and whether it is an earlier layer's second call where one fits. */
  readonly from: number;
  readonly shared: boolean;
  /** Graphs: what a recurrent layer gives, and starts from: zeros, an input without time, or one that a Dense has changed. */
  readonly gives: 'sequence' | 'last' | 'sequence and states';
  readonly start: 'zeros' | 'given' | 'computed';
}

export interface DrawnModel {
  readonly features: number;
  /** Whether a Masking comes first. */
  readonly masked: boolean;
  /** Chains: whether the last layer collapses time. */
  readonly collapses: boolean;
  readonly calls: readonly DrawnCall[];
  readonly seed: number;
}

const call: fc.Arbitrary<DrawnCall> = fc.record({
  kind: fc.constantFrom(...kinds),
  units: fc.integer({ min: 1, max: 37 }),
  window: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 40 }),
  activation: fc.constantFrom('tanh', 'sigmoid', 'softsign', 'hardSigmoid', 'relu', 'elu'),
  bend: fc.constantFrom(...activationNames, ...inputActivationNames).filter((name) => name !== 'exponential'),
  useBias: fc.boolean(),
  from: fc.nat({ max: 5 }),
  shared: fc.boolean(),
  gives: fc.constantFrom('sequence', 'last', 'sequence and states'),
  start: fc.constantFrom('zeros', 'given', 'computed'),
});

export const drawnModel: fc.Arbitrary<DrawnModel> = fc.record({
  features: fc.integer({ min: 1, max: 19 }),
  masked: fc.boolean(),
  collapses: fc.boolean(),
  calls: fc.array(call, { minLength: 1, maxLength: 5 }),
  seed: fc.nat({ max: 1_000_000 }),
});

/** Gives a model weights that differ from every initialiser's: biases are not zero. */
export function drawWeights<M extends Model>(model: M, seed: number): M {
  const random = createRandom(seed);
  const names = model.graph.leaves.flatMap(({ weights }) => weights.specs.map(({ name }) => name));
  const drawn = model.getWeights().map(({ data, shape }, i) => {
    const values = random.normals(data.length, 0.3);
    // There is no negative variance.
    return { data: names[i] === 'movingVariance' ? values.map((value) => 0.5 + Math.abs(value)) : values, shape };
  });
  model.setWeights(drawn);
  return model;
}

/** The layers of a chain. */
export function chainOf({ calls, features, masked, collapses }: DrawnModel): Layer[] {
  const given = { inputShape: [null, features] };
  const made = calls.map((drawn, i) => sequenceLayer(drawn, !masked && i === 0 ? given : {}));
  return [
    ...(masked ? [layers.masking(given)] : []),
    ...made,
    ...(collapses ? [layers.gru({ units: 5, resetAfter: false })] : []),
  ];
}

/** The recurrent layers that a stateful chain can hold, and what changes single steps. */
export function statefulChainOf({ calls, features }: DrawnModel): Layer[] {
  return calls.map((drawn, i) => {
    const hasMemory = drawn.kind === 'conv1d' || drawn.kind === 'nested';
    const stepwise = hasMemory ? { ...drawn, kind: 'simpleRNN' as const } : drawn;
    return sequenceLayer(stepwise, { stateful: true, ...(i === 0 ? { inputShape: [null, features] } : {}) });
  });
}

interface Extra {
  readonly inputShape?: readonly (number | null)[];
  readonly stateful?: boolean;
  readonly returnSequences?: boolean;
  readonly returnState?: boolean;
}

function sequenceLayer(drawn: DrawnCall, extra: Extra): Layer {
  const { kind, units, activation, useBias } = drawn;
  const recurrent = { returnSequences: true, ...extra, units, activation, useBias };
  switch (kind) {
    case 'simpleRNN':
      return layers.simpleRNN(recurrent);
    case 'lstm':
      return layers.lstm(recurrent);
    case 'gru':
      return layers.gru(recurrent);
    case 'gruResetBefore':
      return layers.gru({ ...recurrent, resetAfter: false });
    default:
      return stepwiseLayer(drawn, extra.inputShape === undefined ? {} : { inputShape: extra.inputShape });
  }
}

function stepwiseLayer(
  { kind, units, window, dilation, activation, bend, useBias }: DrawnCall,
  first: Pick<Extra, 'inputShape'>,
): Layer {
  switch (kind) {
    case 'conv1d':
      return layers.conv1d({
        ...first,
        filters: units,
        kernelSize: window,
        dilationRate: dilation,
        padding: 'causal',
        activation: bend,
        useBias,
      });
    case 'timeDistributed':
      return layers.timeDistributed({ ...first, layer: layers.dense({ units, activation: 'selu', useBias }) });
    case 'activation':
      return layers.activation({ ...first, activation: bend });
    case 'leakyReLU':
      return layers.leakyReLU({ ...first, negativeSlope: dilation / 40 });
    case 'elu':
      return layers.elu({ ...first, alpha: window / 2 });
    case 'prelu':
      return layers.prelu({ ...first, sharedAxes: useBias ? 1 : [1, 2] });
    case 'softmax':
      return layers.softmax(first);
    case 'dropout':
      return layers.dropout({ ...first, rate: 0.4 });
    case 'layerNormalization':
      return layers.layerNormalization({ ...first, center: useBias, epsilon: 0.1 });
    case 'batchNormalization':
      return layers.batchNormalization({ ...first, scale: useBias });
    case 'scaler':
      return layers.normalization({ ...first, mean: dilation / 40, variance: window / 4, invert: useBias });
    case 'branches':
      return layers.custom({
        ...first,
        layers: { inner: layers.dense({ units, activation: bend, useBias }), other: layers.dense({ units }) },
        call: ([x], { inner, other }) => {
          const one = inner.apply(x);
          const two = layers.maximum().apply([one, other.apply(x)]);
          return layers.concatenate().apply([layers.subtract().apply([two, one]), x]);
        },
      });
    case 'nested':
      return layers.custom({
        ...first,
        layers: {
          steps: layers.timeDistributed({ layer: layers.dense({ units, activation }) }),
          recurrent: layers.gru({ units, returnSequences: true, useBias }),
        },
        call: ([x], { steps, recurrent }) => layers.multiply().apply([steps.apply(x), recurrent.apply(x)]),
      });
    default:
      return layers.dense({ ...first, units, activation: 'softmax', useBias });
  }
}

/** A graph, and the widths of its inputs without time: the initial states that a run must be given. */
export interface DrawnGraph {
  readonly options: library.FunctionalOptions;
  readonly fixed: readonly number[];
}

/** Every call reads one of the sequences before it; every sequence that no call reads is an output, states are too. */
export function graphOf({ calls, features, masked }: DrawnModel): DrawnGraph {
  const x = input({ shape: [null, features] });
  const sequences = [masked ? layers.masking().apply(x) : x];
  const unread = new Set(sequences);
  const others: SymbolicTensor[] = [];
  const fixed: SymbolicTensor[] = [];
  const plain: { layer: Layer; features: number }[] = [];
  for (const drawn of calls) {
    const source = sequences[drawn.from % sequences.length];
    unread.delete(source);
    const isRecurrent = ['simpleRNN', 'lstm', 'gru', 'gruResetBefore'].includes(drawn.kind);
    const earlier = plain.find((one) => one.features === source.features);
    let results: readonly SymbolicTensor[];
    if (drawn.shared && earlier !== undefined) {
      results = earlier.layer.call(source).outputs;
    } else if (isRecurrent) {
      results = callRecurrent(drawn, source, fixed);
    } else {
      const layer = stepwiseLayer(drawn, {});
      plain.push({ layer, features: source.features });
      results = layer.call(source).outputs;
    }
    for (const result of results) {
      if (result.time === null) others.push(result);
      else unread.add(result);
    }
    sequences.push(...results.filter(({ time }) => time !== null));
  }
  const outputs = [...unread, ...others].filter((tensor) => tensor !== x);
  return { options: { inputs: [x, ...fixed], outputs }, fixed: fixed.map((state) => state.features) };
}

function callRecurrent(drawn: DrawnCall, source: SymbolicTensor, fixed: SymbolicTensor[]): readonly SymbolicTensor[] {
  const { kind, units, gives, start } = drawn;
  const layer = sequenceLayer(drawn, {
    returnSequences: gives !== 'last',
    returnState: gives === 'sequence and states',
  });
  if (start === 'zeros') return layer.call(source).outputs;
  const given = Array.from({ length: kind === 'lstm' ? 2 : 1 }, () => input({ shape: [units] }));
  fixed.push(...given);
  const initialState = start === 'given' ? given : given.map((state) => layers.dense({ units }).apply(state));
  return layer.call(source, { initialState }).outputs;
}
