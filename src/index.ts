/** Everything: models, layers, training. */
export * as layers from './layers/index.js';
export { input } from './layers/input.js';
export {
  constraints,
  type AxisOption,
  type Constraint,
  type ConstraintName,
  type ConstraintOption,
  type MaxNormOptions,
  type MinMaxNormOptions,
} from './constraints/constraint.js';
export { initializers, type Initializer, type InitializerName } from './initializers/initializer.js';
export {
  regularizers,
  type Regularizer,
  type RegularizerName,
  type RegularizerOption,
} from './regularizers/regularizer.js';
export type { ActivationName, ActivationOption } from './activations/activation.js';
export type { Layer, LayerOptions, SymbolicTensor } from './graph/layer.js';
export type { FunctionalOptions, ModelOptions, SequentialOptions } from './model/make.js';
export type { Model, PredictOptions } from './model/model.js';
export type { Session, StreamOptions } from './streaming/session.js';
export { tensor, type Tensor, type TensorLike } from './tensors/tensor.js';
export { functional, sequential } from './training/make.js';
export { loadModel } from './training/load.js';
export type { LoadOptions } from './formats/load-model.js';
export type { ModelFile } from './formats/topology.js';
export type { Batch, Batches } from './training/batches.js';
export type { FitOptions } from './training/fit.js';
export { callbacks, type CallbackOption, type CallbackSettings } from './training/callbacks/callbacks.js';
export type {
  BatchEvent,
  Callback,
  CallbackState,
  EpochEvent,
  Files,
  Training,
  TrainEvent,
} from './training/callbacks/callback.js';
export type { History, Logs } from './training/history.js';
export { NonFiniteLossError } from './training/non-finite.js';
export { losses, type LossOption } from './training/losses.js';
export type * from './training/loss-options.js';
export type { Gradients } from './training/gradient-plan.js';
export { metrics, type MetricOption } from './training/metrics.js';
export type * from './training/metric-options.js';
export type { ClassWeights, WeightOptions } from './training/sample-weights.js';
export { optimizers, type Optimizer } from './training/optimizers/optimizer.js';
export { schedules } from './training/schedules/schedules.js';
export type * from './training/schedules/schedule-options.js';
export type {
  CompileArguments,
  EvaluateOptions,
  ExplainOptions,
  MetricsOption,
  OptimizerReport,
  TrainableModel,
} from './training/trainable-model.js';
