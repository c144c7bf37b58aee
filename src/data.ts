/** What stands between raw data and a model: windows, padding, words and characters as numbers, scaling, splits. No kernels. */
export { oneHot } from './data/one-hot.js';
export { padSequences, type PadOptions } from './data/pad-sequences.js';
export {
  minMaxScaler,
  Scaler,
  standardScaler,
  type MinMaxScalerOptions,
  type ScalerFile,
  type ScalerLayerOptions,
} from './data/scaler.js';
export { splitByTime, type SplitOptions } from './data/split-by-time.js';
export {
  timeseriesDataset,
  type TimeseriesBatch,
  type TimeseriesDataset,
  type TimeseriesOptions,
} from './data/timeseries-dataset.js';
export { Tokenizer, type TokenizerFile, type TokenizerOptions } from './data/tokenizer.js';
export { tensor, type Tensor, type TensorLike } from './tensors/tensor.js';
