import { makers } from '../formats/load-makers.js';
import { assembleFile, readModelFile, type FileLike, type LoadOptions } from '../formats/load-model.js';
import { nameInnerLayers } from '../formats/save-topology.js';
import type { KernelBuild } from '../kernels/build.js';
import { trainingTensors } from './checkpoint-file.js';
import { TrainableModel } from './trainable-model.js';

/** `loadModel` for any kernels: a thread is sent compiled ones, and holds none itself. */
export function loadWith(kernels: KernelBuild, given: FileLike, options: LoadOptions = {}): TrainableModel {
  const { file, tensors, metadata } = readModelFile(given);
  const model = new TrainableModel(assembleFile(file, { kernels, seed: 0 }, options, makers), 0);
  nameInnerLayers(model.graph, file.topology);
  model.goOnFrom(metadata, trainingTensors(tensors));
  return model;
}
