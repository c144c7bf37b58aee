/**
 * A model that is trained by the very gradients a test wants: a Dense layer over one-hot rows and a row of zeros, under the loss
 * Σ y · ŷ / n, whose slope is y / n.
 */
import { layers, losses, sequential, type CompileArguments, type TrainableModel } from '../../src/index.js';

export interface Weights {
  /** [inputs, units], row by row. */
  readonly kernel: readonly number[];
  readonly bias: readonly number[];
}

const product = losses.custom({ name: 'product', build: (yTrue, yPred) => layers.multiply().apply([yTrue, yPred]) });

export class GivenGradients {
  readonly model: TrainableModel;
  readonly #inputs: number;
  readonly #units: number;

  constructor(start: Weights, options: Omit<CompileArguments, 'loss'>, model?: TrainableModel) {
    this.#units = start.bias.length;
    this.#inputs = start.kernel.length / this.#units;
    this.model =
      model ??
      sequential({ layers: [layers.dense({ units: this.#units, inputShape: [this.#inputs], name: 'dense' })] });
    this.model.setWeights([
      { data: [...start.kernel], shape: [this.#inputs, this.#units] },
      { data: [...start.bias], shape: [this.#units] },
    ]);
    this.model.compile({ ...options, loss: product });
  }

  step({ kernel, bias }: Weights): ReturnType<TrainableModel['trainOnBatch']> {
    const [rows, units] = [this.#inputs + 1, this.#units];
    const x = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: this.#inputs }, (_zero, i) => +(i === row)),
    );
    // Every row reaches the bias.
    const rest = bias.map((b, unit) => kernel.reduce((left, g, i) => (i % units === unit ? left - g : left), b));
    const slopes = [...kernel, ...rest].map((slope) => slope * rows * units);
    return this.model.trainOnBatch(x, { data: slopes, shape: [rows, units] });
  }

  get weights(): Weights {
    const [kernel, bias] = this.model.getWeights().map(({ data }) => Array.from(data));
    return { kernel, bias };
  }
}
