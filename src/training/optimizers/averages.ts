import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import type { Workspace } from '../../plan/workspace.js';
import type { Parameters } from '../parameters.js';
import type { CommonSettings } from './optimizer.js';

/**
 * An exponential moving average of the weights (Polyak & Juditsky 1992): average ← μ · average + (1 − μ) · w after each step, w itself
 * after the first. As Keras's `use_ema`; but where several batches make a step, it goes by steps, so that they do what one batch of
 * them all would.
 */
export class WeightAverages {
  readonly #workspace: Workspace;
  readonly #parameters: Parameters;
  /** Those of all weights, one after the other. */
  readonly #address: number;
  readonly #momentum: number;
  readonly #overwriteFrequency: number;

  constructor(workspace: Workspace, parameters: Parameters, address: number, settings: CommonSettings) {
    this.#workspace = workspace;
    this.#parameters = parameters;
    this.#address = address;
    this.#momentum = settings.emaMomentum;
    this.#overwriteFrequency = settings.emaOverwriteFrequency ?? Infinity;
  }

  /** After a step; `iterations` counts it. */
  update(kernels: TrainingKernels, iterations: number): void {
    const momentum = iterations === 1 ? 0 : this.#momentum;
    this.#each((average, values, count) => {
      kernels.movingAverage(average, values, count, momentum);
    });
    if (iterations % this.#overwriteFrequency === 0) this.overwrite();
  }

  /** The weights become their averages. */
  overwrite(): void {
    const { floats } = this.#workspace;
    this.#each((average, values, count) => {
      floats.copyWithin(values / 4, average / 4, average / 4 + count);
    });
    this.#parameters.refresh();
  }

  /** Weights and averages change places. */
  swap(): void {
    const { floats } = this.#workspace;
    this.#each((average, values, count) => {
      const weights = floats.slice(values / 4, values / 4 + count);
      floats.copyWithin(values / 4, average / 4, average / 4 + count);
      floats.set(weights, average / 4);
    });
    this.#parameters.refresh();
  }

  #each(use: (average: number, values: number, count: number) => void): void {
    let average = this.#address;
    for (const { values, count } of this.#parameters.list) {
      use(average, values, count);
      average += 4 * count;
    }
  }
}
