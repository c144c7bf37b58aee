/** Predict and stream: no training code, forward kernels only. Uses nothing but ECMAScript and WebAssembly. */
export { loadModel } from './formats/load.js';
export { modelLoader } from './formats/load-some.js';
export type { LoadOptions } from './formats/load-model.js';
export type { ModelFile } from './formats/topology.js';
export { input } from './layers/input.js';
export {
  functional,
  sequential,
  type FunctionalOptions,
  type ModelOptions,
  type SequentialOptions,
} from './model/make.js';
export type { Model, PredictOptions } from './model/model.js';
export type { Session, StreamOptions } from './streaming/session.js';
export { tensor, type Tensor, type TensorLike } from './tensors/tensor.js';
