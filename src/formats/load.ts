import { deterministicInference } from '../kernels/inference-build.js';
import { Model } from '../model/model.js';
import { assembleFile, openFile, type FileLike, type LoadOptions } from './load-model.js';

/**
 * Builds a model that predicts and streams.
 * @param file the bytes of a .safetensors file that `model.save` wrote, or what a reader of `bucle/convert` gave. What the file says
 * of training is passed over.
 * @throws Error when the file's layers or weights do not fit together.
 */
export function loadModel(file: FileLike, options: LoadOptions = {}): Model {
  return new Model(assembleFile(openFile(file).file, { kernels: deterministicInference, seed: 0 }, options));
}
