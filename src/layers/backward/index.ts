import type { BackwardTable } from '../../graph/backward.js';
import { activationBackward } from './activation.js';
import { conv1dBackward } from './conv1d.js';
import { copyBackward } from './copying.js';
import { denseBackward } from './dense.js';
import { dotBackward } from './dot.js';
import { dropoutBackward } from './dropout.js';
import { gruBackward } from './gru.js';
import { lstmBackward } from './lstm.js';
import { maskingBackward } from './masking.js';
import { mergeBackward } from './merging.js';
import { simpleRnnBackward } from './simple-rnn.js';
import { zeroMaskedBackward } from './zero-masked.js';

/** The backward steps of every layer, by Keras's class name. */
export const backwardTable = {
  Activation: activationBackward,
  Conv1D: conv1dBackward,
  Dense: denseBackward,
  Dropout: dropoutBackward,
  Fold: copyBackward,
  Flatten: copyBackward,
  Reshape: copyBackward,
  Reverse: copyBackward,
  ZeroMasked: zeroMaskedBackward,
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
