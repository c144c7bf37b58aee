import type { FileLike, LoadOptions } from '../formats/load-model.js';
import { deterministicTraining } from '../kernels/training-build.js';
import { loadWith } from './load-with.js';
import type { TrainableModel } from './trainable-model.js';

/**
 * Builds a model from a .safetensors file that `model.save` wrote, or from what a reader of `bucle/convert` gave; it can be trained on.
 * With its optimizer, a file's model is compiled as it was, and goes on where it stopped: `fit` with `resume`.
 * @throws Error when the file is damaged or of a later version, or its layers or weights do not fit together.
 */
export function loadModel(given: FileLike, options: LoadOptions = {}): TrainableModel {
  return loadWith(deterministicTraining, given, options);
}
