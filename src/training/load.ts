import { assembleFile, readModelFile, setFileWeights, type LoadOptions } from '../formats/load-model.js';
import type { ModelFile } from '../formats/topology.js';
import { deterministicTraining } from '../kernels/training-build.js';
import { trainingTensors } from './checkpoint-file.js';
import { TrainableModel } from './trainable-model.js';

/**
 * Builds a model from a .safetensors file that `model.save` wrote, or from what a reader of `bucle/convert` gave; it can be trained on.
 * With its optimizer, a file's model is compiled as it was, and goes on where it stopped: `fit` with `resume`.
 * @throws Error when the file is damaged or of a later version, or its layers or weights do not fit together.
 */
export function loadModel(given: ModelFile | Uint8Array | ArrayBuffer, options: LoadOptions = {}): TrainableModel {
  const { file, tensors, metadata } = readModelFile(given);
  const making = { kernels: deterministicTraining, initialize: undefined, seed: 0 };
  const model = new TrainableModel(assembleFile(file, making, options), 0);
  setFileWeights(model, file);
  model.goOnFrom(metadata, trainingTensors(tensors));
  return model;
}
