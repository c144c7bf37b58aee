import type { BackwardTable } from '../../graph/backward.js';
import { activationBackward, slopedBackward } from './activation.js';
import { conv1dTransposeBackward } from './conv1d-transpose.js';
import { convolutionBackward } from './convolving.js';
import { copyBackward } from './copying.js';
import { denseBackward } from './dense.js';
import { dotBackward } from './dot.js';
import { batchNormalizationBackward } from './batch-normalization.js';
import { gaussianNoiseBackward } from './gaussian-noise.js';
import { normalizationBackward } from './normalization.js';
import { spatialDropoutBackward } from './spatial-dropout1d.js';
import { groupNormalizationBackward } from './group-normalization.js';
import { layerNormalizationBackward } from './layer-normalization.js';
import { dropoutBackward } from './dropout.js';
import { embeddingBackward } from './embedding.js';
import { globalAverageBackward, globalMaxBackward } from './global-pooling.js';
import { gruBackward } from './gru.js';
import { lstmBackward } from './lstm.js';
import { maskingBackward } from './masking.js';
import { mergeBackward } from './merging.js';
import { preluBackward } from './prelu.js';
import { softmaxBackward } from './softmax.js';
import { poolingBackward } from './pooling.js';
import { simpleRnnBackward } from './simple-rnn.js';
import { replaceMaskedBackward } from './replace-masked.js';

/** The backward steps of every layer, by Keras's class name. */
export const backwardTable = {
  Activation: activationBackward,
  AveragePooling1D: poolingBackward,
  Conv1D: convolutionBackward,
  Conv1DTranspose: conv1dTransposeBackward,
  Cropping1D: copyBackward,
  DepthwiseConv1D: convolutionBackward,
  GlobalAveragePooling1D: globalAverageBackward,
  GlobalMaxPooling1D: globalMaxBackward,
  MaxPooling1D: poolingBackward,
  UpSampling1D: copyBackward,
  ZeroPadding1D: copyBackward,
  ELU: slopedBackward,
  LeakyReLU: slopedBackward,
  PReLU: preluBackward,
  Softmax: softmaxBackward,
  BatchNormalization: batchNormalizationBackward,
  Dense: denseBackward,
  GaussianNoise: gaussianNoiseBackward,
  Normalization: normalizationBackward,
  SpatialDropout1D: spatialDropoutBackward,
  GroupNormalization: groupNormalizationBackward,
  LayerNormalization: layerNormalizationBackward,
  Embedding: embeddingBackward,
  Dropout: dropoutBackward,
  Fold: copyBackward,
  Flatten: copyBackward,
  Reshape: copyBackward,
  Reverse: copyBackward,
  ReplaceMasked: replaceMaskedBackward,
  Permute: copyBackward,
  RepeatVector: copyBackward,
  Concatenate: copyBackward,
  Dot: dotBackward,
  ...mergeBackward,
  GRU: gruBackward,
  LSTM: lstmBackward,
  Masking: maskingBackward,
  SimpleRNN: simpleRnnBackward,
  Unfold: copyBackward,
} as BackwardTable;
