import { assembleFile, type LoadOptions } from '../formats/load-model.js';
import type { ModelFile } from '../formats/topology.js';
import { deterministicTraining } from '../kernels/training-build.js';
import { TrainableModel } from './trainable-model.js';

/**
 * Builds a model from what a reader of `bucle/convert` gave; it can be trained on.
 * @throws Error when the file's layers or weights do not fit together.
 */
export function loadModel(file: ModelFile, options: LoadOptions = {}): TrainableModel {
  return new TrainableModel(assembleFile(file, { kernels: deterministicTraining, seed: 0 }, options), 0);
}
