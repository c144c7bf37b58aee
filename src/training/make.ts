import { deterministicTraining } from '../kernels/training-build.js';
import {
  assembleFunctional,
  assembleSequential,
  type FunctionalOptions,
  type SequentialOptions,
} from '../model/make.js';
import { initializeIn } from './initialize.js';
import { TrainableModel } from './trainable-model.js';

const making = { kernels: deterministicTraining, initialize: initializeIn };

/**
 * A chain of layers.
 * @example
 * const model = sequential({ layers: [layers.lstm({ units: 20, inputShape: [null, 1] }), layers.dense({ units: 1 })] });
 * @throws TypeError when layers do not fit together; it names the layer, what was expected and what came.
 */
export function sequential(options: SequentialOptions): TrainableModel {
  return new TrainableModel(assembleSequential(options, making), options.seed ?? 0);
}

/**
 * A graph of layers, with any number of inputs and outputs. Over layers that are in a model already, it shares their weights.
 * @example
 * const x = input({ shape: [null, 8] });
 * const model = functional({ inputs: x, outputs: layers.gru({ units: 16 }).apply(x) });
 * @throws Error when an output needs an input that is not given, when layers' weights live in two workspaces, or names repeat.
 */
export function functional(options: FunctionalOptions): TrainableModel {
  return new TrainableModel(assembleFunctional(options, making), options.seed ?? 0);
}
