import { rangeOf } from '../graph/inputs.js';
import type { Layer } from '../graph/layer.js';
import type { RandomPlace } from '../graph/randomness.js';
import { storedSize } from '../graph/weights.js';
import { backwardTable } from '../layers/backward/index.js';
import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Numbers } from '../tensors/tensor.js';
import { CountingPlan } from './counted-plan.js';
import { rowNumbers, type Data } from './data.js';
import type { BatchErrors } from './error-totals.js';
import type { Objective } from './objective.js';
import type { Parameters } from './parameters.js';
import type { TrainingPlan } from './training-plan.js';

/*
 * A batch in parts, each run by itself, here or in another thread: which parts there are depends on the batch alone, and their
 * gradients are added in their order, so the bits do not depend on who runs them.
 */

/** The most rows of a part. As many keep the products' kernels busy; with fewer there would be more gradients to add up. */
export const partRows = 16;

/** How many parts a batch of so many rows is cut into. */
export function partsOf(rows: number): number {
  return Math.ceil(rows / partRows);
}

/** A part of a batch, as it is handed to whoever runs it. Plain data. */
export interface Part {
  /** Its rows alone. */
  readonly data: Data;
  readonly random: RandomPlace;
  /** The rows of the batch, and what its losses divide by. */
  readonly rows: number;
  readonly counts: readonly number[];
}

/** What came of a part. Plain data. */
export interface PartResult {
  /** Those of all weights, one behind the other. */
  readonly gradients: Float32Array;
  /** What layers have changed by themselves, such as moving averages. */
  readonly averages: Float32Array;
  /** The part's share in those of the batch. */
  readonly errors: BatchErrors;
}

/** What those who run parts must have the same. Plain data. */
export interface SharedWeights {
  readonly values: Float32Array;
  readonly averages: Float32Array;
}

interface Block {
  readonly address: number;
  readonly count: number;
}

/** Cuts batches into parts, runs parts, and puts together what came of them. */
export class BatchParts {
  readonly #plan: TrainingPlan;
  readonly #counting: CountingPlan;
  readonly #parameters: Parameters;
  readonly #workspace: Workspace;
  readonly #averages: readonly Block[];

  constructor(plan: TrainingPlan, objectives: readonly Objective[], parameters: Parameters, workspace: Workspace) {
    this.#plan = plan;
    this.#counting = new CountingPlan(plan.graph, workspace, objectives);
    this.#parameters = parameters;
    this.#workspace = workspace;
    this.#averages = parameters.layers.flatMap(averagesOf);
  }

  split(where: string, data: Data, indices: Int32Array, random: RandomPlace): Part[] {
    const pieces = piecesOf(indices).map((piece) => rowsOf(data, piece));
    const counted = pieces.map((piece) => this.#counting.count(where, piece, rowNumbers(0, piece.rows), random));
    const counts = (counted[0] ?? []).map((_, i) => counted.reduce((sum, own) => sum + (own[i] ?? 0), 0));
    return pieces.map((piece) => ({ data: piece, random, rows: indices.length, counts }));
  }

  /** Weights and averages are as they were afterwards. */
  run(where: string, part: Part): PartResult {
    const plan = this.#plan;
    const indices = this.#prepare(where, part);
    this.#parameters.zeroGradients();
    plan.forward(part.data, indices);
    const errors = plan.backward(part.counts);
    const before = this.#read(this.#averages);
    plan.accept();
    const averages = this.#read(this.#averages);
    this.#write(this.#averages, before);
    return { gradients: this.#read(this.#gradients), averages, errors };
  }

  /** Adds gradients and errors up, in the order of the parts. */
  add(results: readonly PartResult[]): BatchErrors {
    const { accumulate } = trainingKernels(this.#workspace);
    let [loss, sums]: [number, readonly number[]] = [0, []];
    results.forEach(({ gradients, errors }, i) => {
      if (i === 0) this.#write(this.#gradients, gradients);
      else this.#fold(this.#gradients, gradients, accumulate);
      loss += errors.loss;
      sums = errors.sums.map((sum, j) => sum + (sums[j] ?? 0));
    });
    return { loss, sums };
  }

  /** Layers' averages become the mean of what the parts have made of them, by the parts' rows. */
  average(parts: readonly Part[], results: readonly PartResult[]): void {
    if (this.#averages.length === 0) return;
    const { movingAverage } = trainingKernels(this.#workspace);
    let rows = 0;
    results.forEach(({ averages }, i) => {
      const before = rows;
      rows += parts[i]?.data.rows ?? 0;
      this.#fold(this.#averages, averages, (target, values, count) => {
        movingAverage(target, values, count, before / rows);
      });
    });
  }

  /** Stages a part, to see where in it something goes wrong. */
  stage(where: string, part: Part): void {
    this.#plan.stage(part.data, this.#prepare(where, part));
  }

  /** What others who run parts need, to give the same. */
  get shared(): SharedWeights {
    return { values: this.#read(this.#values), averages: this.#read(this.#averages) };
  }

  set shared({ values, averages }: SharedWeights) {
    this.#write(this.#values, values);
    this.#write(this.#averages, averages);
    this.#parameters.refresh();
  }

  #prepare(where: string, { data, random, rows }: Part): Int32Array {
    this.#plan.prepare(where, data, data.rows, random, rows);
    return rowNumbers(0, data.rows);
  }

  get #gradients(): Block[] {
    return this.#parameters.list.map(({ gradient, count }) => ({ address: gradient, count }));
  }

  get #values(): Block[] {
    return this.#parameters.list.map(({ values, count }) => ({ address: values, count }));
  }

  /** Brings values, one block behind the other, into what the blocks hold: `kernel` is given both addresses. */
  #fold(
    blocks: readonly Block[],
    values: Float32Array,
    kernel: (target: number, values: number, count: number) => void,
  ): void {
    let at = this.#workspace.scratch(4 * values.length);
    this.#workspace.floats.set(values, at / 4);
    for (const { address, count } of blocks) {
      kernel(address, at, count);
      at += 4 * count;
    }
  }

  #read(blocks: readonly Block[]): Float32Array {
    const { floats } = this.#workspace;
    const all = new Float32Array(blocks.reduce((sum, { count }) => sum + count, 0));
    let at = 0;
    for (const { address, count } of blocks) {
      all.set(floats.subarray(address / 4, address / 4 + count), at);
      at += count;
    }
    return all;
  }

  #write(blocks: readonly Block[], values: Float32Array): void {
    let at = 0;
    for (const { address, count } of blocks) {
      this.#workspace.floats.set(values.subarray(at, at + count), address / 4);
      at += count;
    }
  }
}

/** Rows in whole quads, which kernels take at once, as evenly as that goes. */
function piecesOf(indices: Int32Array): Int32Array[] {
  const pieces = partsOf(indices.length);
  const quads = Math.ceil(indices.length / 4);
  const endOf = (piece: number): number => 4 * Math.ceil((piece * quads) / pieces);
  return Array.from({ length: pieces }, (_, i) => indices.subarray(endOf(i), endOf(i + 1)));
}

function rowsOf({ inputs, targets, weights, samples }: Data, indices: Int32Array): Data {
  const cut = (numbers: Numbers): Numbers => {
    const length = rangeOf(numbers, 0, 1).length;
    const data = new Float32Array(indices.length * length);
    indices.forEach((index, i) => {
      data.set(rangeOf(numbers, index, 1), i * length);
    });
    return { data, shape: [indices.length, ...numbers.shape.slice(1)] };
  };
  return {
    inputs: inputs.map(cut),
    targets: targets.map(cut),
    weights: weights.map((one) => one && cut(one)),
    rows: indices.length,
    samples: samples === undefined ? indices.slice() : indices.map((index) => samples[index] ?? 0),
  };
}

/** What a layer that is trained changes by itself. */
function averagesOf({ definition, weights }: Layer): Block[] {
  if (backwardTable[definition.className]?.accept === undefined) return [];
  const own = weights.specs.filter(({ trainable }) => trainable === false);
  return own.map((spec) => ({ address: weights.canonical(spec.name), count: quad(storedSize(spec)) }));
}
