import { deterministicInference } from '../kernels/inference-build.js';
import { Model } from '../model/model.js';
import { makers } from './load-makers.js';
import { assembleFile, readModelFile, type FileLike, type LoadOptions } from './load-model.js';

/**
 * Builds a model that predicts and streams from a .safetensors file that `model.save` wrote, or from what a reader of `bucle/convert`
 * gave. What a file holds for training is left. Every layer is in it: `modelLoader` is for bundles that are to hold fewer.
 * @throws Error when the file is damaged or of a later version, or its layers or weights do not fit together.
 */
export function loadModel(given: FileLike, options: LoadOptions = {}): Model {
  const making = { kernels: deterministicInference, seed: 0 };
  return new Model(assembleFile(readModelFile(given).file, making, options, makers));
}
