import { deterministicInference } from '../kernels/inference-build.js';
import { Model } from '../model/model.js';
import { assembleFile, setFileWeights, type LoadOptions } from './load-model.js';
import type { ModelFile } from './topology.js';

/**
 * Builds a model that predicts and streams from what a reader of `bucle/convert` gave.
 * @throws Error when the file's layers or weights do not fit together.
 */
export function loadModel(file: ModelFile, options: LoadOptions = {}): Model {
  const making = { kernels: deterministicInference, initialize: undefined, seed: 0 };
  const model = new Model(assembleFile(file, making, options));
  setFileWeights(model, file);
  return model;
}
