/**
 * Reads the golden cases of tests/golden (see the README there): what other implementations computed.
 *
 * A case is a set of named tensors. It remembers which of them a test has read, so that `assertAllRead` fails a test
 * that leaves a number uncompared. Names:
 *   layers/    the weights as the file names them, input.N, output.N, repeatedCall.CALL.N
 *   training/  the same, target.N, losses, final.WEIGHT
 *   torch/     the names of both safetensors files, and loss or losses from case.json
 */
import { readFileSync } from 'node:fs';

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

// --------------------------------------------------------------------------------------------------------------
// The lists: all cases there are.

export const layerCases = [
  'bidirectional-gru-ave',
  'bidirectional-gru-concat',
  'bidirectional-lstm-ave',
  'bidirectional-lstm-concat',
  'bidirectional-simpleRNN-ave',
  'bidirectional-simpleRNN-concat',
  'conv1d-maxpool-globalavg',
  'conv1d-pool-lstm',
  'conv1d-same-s1-d1-k5',
  'conv1d-same-s2-d1-k3',
  'conv1d-valid-s1-d3-k3',
  'dropout-inference',
  'embedding-sentiment',
  'encoder-decoder-gru',
  'gru-last',
  'gru-mask',
  'gru-seq',
  'gru-sigmoid-act',
  'gru-stack',
  'layernorm-lstm',
  'lecture-deep-simple-rnn',
  'lecture-lstm-timedistributed',
  'lstm-initial-state',
  'lstm-last',
  'lstm-mask',
  'lstm-seq',
  'lstm-sigmoid-act',
  'lstm-stack',
  'lstm-stateful',
  'simpleRNN-last',
  'simpleRNN-mask',
  'simpleRNN-seq',
  'simpleRNN-sigmoid-act',
  'simpleRNN-stack',
  'simpleRNN-stateful',
  'vector-to-sequence',
] as const;

export const trainingCases = [
  'train-batchnorm-conv',
  'train-bidirectional-adagrad',
  'train-conv-lstm-softmax',
  'train-embedding-gru-binary',
  'train-gru-rmsprop',
  'train-layernorm-l2',
  'train-lstm-sequence-adam',
  'train-simpleRNN-momentum',
] as const;

export const torchRecurrentCases = [
  'gru-1layer',
  'gru-2layer',
  'gru-wide',
  'lstm-1layer',
  'lstm-2layer',
  'lstm-wide',
  'rnn-1layer',
  'rnn-2layer',
  'rnn-relu',
  'rnn-wide',
] as const;
export const torchConvCases = ['causal-conv-3-10-k2-d16', 'causal-conv-5-6-k2-d1', 'causal-conv-8-8-k3-d4'] as const;
export const torchBidirectionalCases = ['gru-bidir', 'lstm-bidir', 'rnn-bidir'] as const;
export const torchWavenetCases = ['wavenet-gated-2x4', 'wavenet-relu-1x6'] as const;
export const torchTrainingCases = ['train-lstm-adam', 'train-lstm-sgd', 'train-rnn-momentum-clip'] as const;
export const torchCases = [
  ...torchBidirectionalCases,
  ...torchConvCases,
  ...torchRecurrentCases,
  ...torchTrainingCases,
  ...torchWavenetCases,
] as const;

export type LayerCaseName = (typeof layerCases)[number];
export type TrainingCaseName = (typeof trainingCases)[number];
export type TorchCaseName = (typeof torchCases)[number];

// --------------------------------------------------------------------------------------------------------------
// Cases.

export class GoldenCase {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, GoldenTensor>;
  readonly #unread: Set<string>;

  constructor(name: string, tensors: ReadonlyMap<string, GoldenTensor>) {
    this.name = name;
    this.tensors = tensors;
    this.#unread = new Set(tensors.keys());
  }

  has(tensor: string): boolean {
    return this.tensors.has(tensor);
  }

  read(tensor: string): GoldenTensor {
    const found = this.tensors.get(tensor);
    if (found === undefined) {
      throw new Error(`${this.name} has no tensor ${tensor}; it has ${[...this.tensors.keys()].join(', ')}`);
    }
    this.#unread.delete(tensor);
    return found;
  }

  /** prefix.0, prefix.1 …, as many as there are. */
  readSeries(prefix: string): GoldenTensor[] {
    const series: GoldenTensor[] = [];
    while (this.has(`${prefix}.${series.length}`)) series.push(this.read(`${prefix}.${series.length}`));
    return series;
  }

  /** Throws unless every tensor has been read. */
  assertAllRead(): void {
    if (this.#unread.size > 0) throw new Error(`${this.name}: never read: ${[...this.#unread].join(', ')}`);
  }
}

/** A model's own file. */
export interface TfjsFile {
  readonly modelJson: unknown;
  readonly weightBytes: Uint8Array<ArrayBuffer>;
}

/** A model in TensorFlow.js Layers' own form. */
export class TfjsCase extends GoldenCase {
  /** In the order in which the file lists them. */
  readonly weightNames: readonly string[];
  /** io.json but for its tensors: loss, optimizer, options. */
  readonly settings: JsonRecord;
  readonly #file: TfjsFile;

  constructor(
    name: string,
    tensors: ReadonlyMap<string, GoldenTensor>,
    weightNames: readonly string[],
    settings: JsonRecord,
    file: TfjsFile,
  ) {
    super(name, tensors);
    this.weightNames = weightNames;
    this.settings = settings;
    this.#file = file;
  }

  readWeights(): GoldenTensor[] {
    return this.weightNames.map((weight) => this.read(weight));
  }

  /** model.json and weights.bin as they are, for a reader of that format: counts as reading all weights. */
  readModelFile(): TfjsFile {
    this.readWeights();
    return this.#file;
  }
}

export class TorchCase extends GoldenCase {
  readonly config: JsonRecord;

  constructor(name: string, tensors: ReadonlyMap<string, GoldenTensor>, config: JsonRecord) {
    super(name, tensors);
    this.config = config;
  }
}

export function loadLayerCase(name: LayerCaseName): TfjsCase {
  return loadTfjsCase(`layers/${name}`);
}

export function loadTrainingCase(name: TrainingCaseName): TfjsCase {
  return loadTfjsCase(`training/${name}`);
}

function loadTfjsCase(folder: string): TfjsCase {
  const modelJson = readJson(`${folder}/model.json`);
  const weightBytes = readBytes(`${folder}/weights.bin`);
  const tensors = readTfjsWeights(modelJson, weightBytes, folder);
  const weightNames = [...tensors.keys()];

  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record(readJson(`${folder}/io.json`), folder))) {
    const where = `${folder}/io.json: ${key}`;
    if (key === 'inputs' || key === 'outputs' || key === 'targets') {
      list(value, where).forEach((entry, n) => tensors.set(`${key.slice(0, -1)}.${n}`, tensorOf(entry, where)));
    } else if (key === 'repeatedCalls') {
      list(value, where).forEach((call, c) => {
        list(call, where).forEach((entry, n) => tensors.set(`repeatedCall.${c}.${n}`, tensorOf(entry, where)));
      });
    } else if (key === 'losses') {
      tensors.set('losses', vector(numbers(value, where)));
    } else if (key === 'final') {
      for (const entry of list(value, where))
        tensors.set(`final.${text(record(entry, where), 'name', where)}`, tensorOf(entry, where));
    } else {
      settings[key] = value;
    }
  }
  return new TfjsCase(folder, tensors, weightNames, settings, { modelJson, weightBytes });
}

function readTfjsWeights(
  modelJson: unknown,
  bytes: Uint8Array<ArrayBuffer>,
  folder: string,
): Map<string, GoldenTensor> {
  const where = `${folder}/model.json: weightsManifest`;
  const tensors = new Map<string, GoldenTensor>();
  let offset = 0;
  for (const group of list(record(modelJson, folder).weightsManifest, where)) {
    for (const entry of list(record(group, where).weights, where)) {
      const weight = record(entry, where);
      const shape = numbers(weight.shape, where);
      const end = offset + 4 * elements(shape);
      tensors.set(text(weight, 'name', where), { shape, data: float32(bytes, offset, end, where) });
      offset = end;
    }
  }
  if (offset !== bytes.length) throw new Error(`${folder}/weights.bin: expected ${offset} bytes, got ${bytes.length}`);
  return tensors;
}

export function loadTorchCase(name: TorchCaseName): TorchCase {
  const folder = `torch/${name}`;
  const description = record(readJson(`${folder}/case.json`), folder);
  const tensors = readSafetensors(`${folder}/weights.safetensors`);
  for (const [key, tensor] of readSafetensors(`${folder}/io.safetensors`)) {
    if (tensors.has(key)) throw new Error(`${folder}: ${key} is in both files`);
    tensors.set(key, tensor);
  }
  if ('loss' in description) tensors.set('loss', vector(numbers([description.loss], `${folder}/case.json: loss`)));
  if ('losses' in description) {
    tensors.set('losses', vector(numbers(description.losses, `${folder}/case.json: losses`)));
  }
  return new TorchCase(folder, tensors, record(description.config, `${folder}/case.json: config`));
}

/** safetensors: the header's length (8 bytes, little-endian), a JSON header of names, shapes and offsets, the values. */
function readSafetensors(path: string): Map<string, GoldenTensor> {
  const bytes = readBytes(path);
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = record(JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))), path);
  const tensors = new Map<string, GoldenTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const where = `${path}: ${name}`;
    const fields = record(entry, where);
    if (fields.dtype !== 'F32') throw new Error(`${where}: expected dtype F32, got ${String(fields.dtype)}`);
    const [from, to] = numbers(fields.data_offsets, where);
    const shape = numbers(fields.shape, where);
    if (to - from !== 4 * elements(shape)) {
      throw new Error(`${where}: ${to - from} bytes for shape [${shape.join(', ')}]`);
    }
    tensors.set(name, { shape, data: float32(bytes, start + from, start + to, where) });
  }
  return tensors;
}

// --------------------------------------------------------------------------------------------------------------
// Comparison.

/** The README's tolerances, relative to the largest value. */
const tolerances = { output: 1e-5, gradient: 1e-4, trained: 1e-4 } as const;

/**
 * Throws unless max |ours − theirs| ≤ tolerance · max |theirs| + 1e-6.
 * Returns the largest difference as a share of what is allowed, so that a test can say how near it came.
 */
export function assertGolden(
  what: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  kind: keyof typeof tolerances,
): number {
  if (ours.length !== theirs.length) throw new Error(`${what}: expected ${theirs.length} values, got ${ours.length}`);
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < theirs.length; i++) {
    const their = theirs[i];
    const distance = Math.abs(ours[i] - their);
    largest = Math.max(largest, Math.abs(their));
    difference = Math.max(difference, distance); // Math.max hands NaN on
  }
  const allowed = tolerances[kind] * largest + 1e-6;
  if (!(difference <= allowed)) {
    throw new Error(`${what}: differs by ${difference} from values up to ${largest}; ${kind} may differ by ${allowed}`);
  }
  return difference / allowed;
}

// --------------------------------------------------------------------------------------------------------------
// Files.

export type JsonRecord = Readonly<Record<string, unknown>>;

function readBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`golden/${path}`, import.meta.url)));
}

function readJson(path: string): unknown {
  return JSON.parse(new TextDecoder().decode(readBytes(path)));
}

function record(value: unknown, where: string): JsonRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where}: expected an object`);
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${where}: expected a list`);
  return value;
}

function numbers(value: unknown, where: string): number[] {
  return list(value, where).map((entry) => {
    if (typeof entry !== 'number') throw new Error(`${where}: expected numbers, got ${JSON.stringify(entry)}`);
    return entry;
  });
}

function text(fields: JsonRecord, key: string, where: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new Error(`${where}: expected ${key} to be a string`);
  return value;
}

function tensorOf(value: unknown, where: string): GoldenTensor {
  const fields = record(value, where);
  const shape = numbers(fields.shape, where);
  const data = Float32Array.from(numbers(fields.data, where));
  if (data.length !== elements(shape))
    throw new Error(`${where}: ${data.length} values for shape [${shape.join(', ')}]`);
  return { shape, data };
}

function vector(values: readonly number[]): GoldenTensor {
  return { shape: [values.length], data: Float32Array.from(values) };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes start … end as float32, little-endian as all of these formats are, wherever in the file they lie. */
function float32(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, where: string): Float32Array<ArrayBuffer> {
  if (!(end <= bytes.length)) throw new Error(`${where}: ends at byte ${end} of ${bytes.length}`);
  const view = new DataView(bytes.buffer, start, end - start);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
