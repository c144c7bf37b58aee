import { assembleFile, readModelFile, type FileLike, type LoadOptions } from '../formats/load-model.js';
import { nameInnerLayers } from '../formats/save-topology.js';
import { deterministicTraining } from '../kernels/training-build.js';
import { trainingTensors } from './checkpoint-file.js';
import { TrainableModel } from './trainable-model.js';

/**
 * Builds a model from a .safetensors file that `model.save` wrote, or from what a reader of `bucle/convert` gave; it can be trained on.
 * With its optimizer, a file's model is compiled as it was, and goes on where it stopped: `fit` with `resume`.
 * @throws Error when the file is damaged or of a later version, or its layers or weights do not fit together.
 */
export function loadModel(given: FileLike, options: LoadOptions = {}): TrainableModel {
  const { file, tensors, metadata } = readModelFile(given);
  const model = new TrainableModel(assembleFile(file, { kernels: deterministicTraining, seed: 0 }, options), 0);
  nameInnerLayers(model.graph, file.topology);
  model.goOnFrom(metadata, trainingTensors(tensors));
  return model;
}
