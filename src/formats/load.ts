import { deterministicInference } from '../kernels/inference-build.js';
import { Model } from '../model/model.js';
import { assembleFile, readModelFile, setFileWeights, type LoadOptions } from './load-model.js';
import type { ModelFile } from './topology.js';

/**
 * Builds a model that predicts and streams from a .safetensors file that `model.save` wrote, or from what a reader of `bucle/convert`
 * gave. What a file holds for training is left.
 * @throws Error when the file is damaged or of a later version, or its layers or weights do not fit together.
 */
export function loadModel(given: ModelFile | Uint8Array | ArrayBuffer, options: LoadOptions = {}): Model {
  const { file } = readModelFile(given);
  const making = { kernels: deterministicInference, initialize: undefined, seed: 0 };
  const model = new Model(assembleFile(file, making, options));
  setFileWeights(model, file);
  return model;
}
