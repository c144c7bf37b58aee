import { fileFormat, setFileWeights, trainingPrefix } from '../formats/load-model.js';
import { topologyOf, weightsOf } from '../formats/save-topology.js';
import { writeSafetensors } from '../formats/safetensors.js';
import type { NamedWeight } from '../formats/topology.js';
import type { Graph } from '../graph/graph.js';
import type { Names } from '../graph/inputs.js';
import { mismatch, refuse } from '../options/options.js';
import { known } from '../plan/known.js';
import type { Tensor, TensorLike } from '../tensors/tensor.js';
import { readCheckpointFile, storeCompiled } from './checkpoint-file.js';
import { readCheckpoint, storeCheckpoint, type Checkpoint } from './checkpoint.js';
import type { Given } from './objectives.js';
import { copyArguments, withFunctions, withGraphs } from './saved-measures.js';
import type { Trainer } from './trainer.js';

/** What a model has trained so far; random numbers go by it. */
export interface Counts {
  /** Of `trainOnBatch`. */
  steps: number;
  /** Of `fit`: those that were begun. */
  epochs: number;
}

/** Where a training is, beside what the model itself remembers. */
export type RunningPart = Pick<Checkpoint, 'place' | 'callbacks'>;

/** A checkpoint of this model's training, not yet taken over. */
export interface Found {
  readonly checkpoint: Checkpoint;
  /** Takes it over: all of it, or nothing. */
  take(): void;
}

interface KeptModel {
  readonly name: string;
  readonly graph: Graph;
  readonly outputNames: Names;
  getWeights(): Tensor[];
  /** Also while `fit` runs. */
  setWeights(weights: readonly TensorLike[]): void;
}

/** What `compile` takes. */
type Arguments = Given & { readonly optimizer: unknown };

/** What a model's training remembers between two calls, and how files hold it. */
export class KeptTraining {
  readonly counts: Counts = { steps: 0, epochs: 0 };
  seed: number;
  /** What the model was loaded from, until something trains or changes it. */
  loaded: Checkpoint | undefined;
  readonly #model: KeptModel;
  /** What `compile` was given. */
  #compiled: Arguments | undefined;

  constructor(model: KeptModel, seed: number) {
    this.#model = model;
    this.seed = seed;
  }

  compiledWith(given: Arguments): void {
    this.#compiled = copyArguments(given);
    this.loaded = undefined;
  }

  /** The model as a file; with the optimizer it is a checkpoint. */
  toBytes(trainer: Trainer | null, running: RunningPart = { place: null, callbacks: {} }): Uint8Array {
    const { name, version } = fileFormat;
    const metadata = { format: name, version: String(version), topology: this.topology };
    const tensors = weightsOf(this.#model.graph);
    if (trainer === null) return writeSafetensors({ tensors, metadata });
    this.#checkTrainable(trainer);
    const { json, tensors: own } = storeCheckpoint({
      ...running,
      seed: this.seed,
      counts: { ...this.counts },
      optimizer: trainer.saveOptimizer(),
      states: trainer.saveStates(),
    });
    const named = own.map((tensor) => ({ ...tensor, name: `${trainingPrefix}${tensor.name}` }));
    return writeSafetensors({
      tensors: [...tensors, ...named],
      metadata: { ...metadata, compile: this.arguments(), training: json },
    });
  }

  /** Reads a file of this model's training. Nothing is changed yet. */
  fromBytes(where: string, trainer: Trainer, bytes: Uint8Array): Found {
    const present = { topology: this.topology, compile: this.arguments() };
    const { file, checkpoint } = readCheckpointFile(where, bytes, present);
    const take = (): void => {
      const before = this.#model.getWeights();
      setFileWeights(this.#model, file, (weights) => {
        this.#model.setWeights(weights);
      });
      try {
        this.restore(where, trainer, checkpoint);
      } catch (error) {
        this.#model.setWeights(before);
        throw error;
      }
    };
    return { checkpoint, take };
  }

  restore(where: string, trainer: Trainer, { seed, counts, optimizer, states }: Checkpoint): void {
    trainer.restore(where, optimizer, states);
    this.seed = seed;
    Object.assign(this.counts, counts);
  }

  /** @throws Error, naming what no file can hold. */
  check(what: 'model' | 'checkpoint', trainer: Trainer): void {
    const { name, graph } = this.#model;
    topologyOf(name, graph);
    if (what === 'model') return;
    this.arguments();
    this.#checkTrainable(trainer);
  }

  /** Who reads the file compiles what it says: the optimizer of other layers would not fit. */
  #checkTrainable(trainer: Trainer): void {
    trainer.checkTrainable(`${this.#model.name}: optimizer`);
  }

  /** The layers as text. @throws Error for one that no file can hold. */
  get topology(): string {
    const { name, graph } = this.#model;
    return JSON.stringify(topologyOf(name, graph));
  }

  /** What `compile` was given, as text. @throws Error, naming the argument, for a function. */
  arguments(changed: Partial<Arguments> = {}): string {
    const { name, outputNames } = this.#model;
    return storeCompiled(name, withGraphs({ ...known(this.#compiled, 'compile'), ...changed }, outputNames));
  }
}

/** What a file says of a training; undefined: nothing. */
export function trainingIn(
  where: string,
  { compile, training }: Readonly<Record<string, string | undefined>>,
  tensors: readonly NamedWeight[],
): { readonly compile: unknown; readonly checkpoint: Checkpoint } | undefined {
  if (compile === undefined && training === undefined && tensors.length === 0) return undefined;
  if (compile === undefined) return mismatch(where, '`compile` beside it', 'none');
  if (training === undefined) return mismatch(where, 'text', 'none');
  const checkpoint = readCheckpoint(where, { json: training, tensors });
  return { compile: argumentsIn(compile), checkpoint };
}

/** The way back of `KeptTraining.arguments`. */
export function argumentsIn(text: string): unknown {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    refuse('loadModel: compile', 'JSON', text);
  }
  return withFunctions(given);
}
