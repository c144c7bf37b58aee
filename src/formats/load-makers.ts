import { activation } from '../layers/activation.js';
import { averagePooling1d } from '../layers/average-pooling1d.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { bidirectional } from '../layers/bidirectional.js';
import { concatenate } from '../layers/concatenate.js';
import { conv1dTranspose } from '../layers/conv1d-transpose.js';
import { conv1d } from '../layers/conv1d.js';
import { cropping1d } from '../layers/cropping1d.js';
import { custom } from '../layers/custom.js';
import { dense } from '../layers/dense.js';
import { depthwiseConv1d } from '../layers/depthwise-conv1d.js';
import { dot } from '../layers/dot.js';
import { dropout } from '../layers/dropout.js';
import { embedding } from '../layers/embedding.js';
import { gaussianNoise } from '../layers/gaussian-noise.js';
import { globalAveragePooling1d } from '../layers/global-average-pooling1d.js';
import { globalMaxPooling1d } from '../layers/global-max-pooling1d.js';
import { groupNormalization } from '../layers/group-normalization.js';
import { gru } from '../layers/gru.js';
import { layerNormalization } from '../layers/layer-normalization.js';
import { elu, leakyReLU } from '../layers/leaky-relu.js';
import { prelu } from '../layers/prelu.js';
import { softmax } from '../layers/softmax.js';
import { lstm } from '../layers/lstm.js';
import { masking } from '../layers/masking.js';
import { maxPooling1d } from '../layers/max-pooling1d.js';
import { add, average, maximum, minimum, multiplied as multiply, subtract } from '../layers/merging.js';
import { normalization } from '../layers/normalization.js';
import { permute } from '../layers/permute.js';
import { repeatVector } from '../layers/repeat-vector.js';
import { flatten, reshape } from '../layers/reshape.js';
import { separableConv1d } from '../layers/separable-conv1d.js';
import { simpleRNN } from '../layers/simple-rnn.js';
import { spatialDropout1d } from '../layers/spatial-dropout1d.js';
import { timeDistributed } from '../layers/time-distributed.js';
import { upSampling1d } from '../layers/up-sampling1d.js';
import { zeroPadding1d } from '../layers/zero-padding1d.js';
import { makerOfCustom } from './load-custom.js';
import { structure, type Makers } from './load-graph.js';

/** All that files have. */
export const makers: Makers = /* @__PURE__ */ (() => ({
  ...structure,
  activation,
  add,
  average,
  averagePooling1d,
  batchNormalization,
  bidirectional,
  concatenate,
  conv1d,
  conv1dTranspose,
  cropping1d,
  custom: makerOfCustom(custom),
  dense,
  depthwiseConv1d,
  dot,
  dropout,
  elu,
  embedding,
  flatten,
  gaussianNoise,
  globalAveragePooling1d,
  globalMaxPooling1d,
  groupNormalization,
  gru,
  layerNormalization,
  leakyReLU,
  lstm,
  masking,
  maximum,
  maxPooling1d,
  minimum,
  multiply,
  normalization,
  permute,
  prelu,
  repeatVector,
  reshape,
  separableConv1d,
  simpleRNN,
  softmax,
  spatialDropout1d,
  subtract,
  timeDistributed,
  upSampling1d,
  zeroPadding1d,
}))();
