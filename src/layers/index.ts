/** Every layer by name: `import { lstm, dense } from 'bucle/layers'`; a bundler drops the others. */
export { activation, type ActivationOptions } from './activation.js';
export { conv1d, type Conv1DOptions } from './conv1d.js';
export { dense, type DenseOptions } from './dense.js';
export { dropout, type DropoutOptions } from './dropout.js';
export { gru, type GruOptions } from './gru.js';
export { input, type InputOptions } from './input.js';
export { lstm, type LstmOptions } from './lstm.js';
export { masking, type MaskingOptions } from './masking.js';
export type { RecurrentOptions } from './recurrent.js';
export { simpleRNN } from './simple-rnn.js';
export { timeDistributed, type TimeDistributedOptions } from './time-distributed.js';
export { concatenate, type ConcatenateOptions } from './concatenate.js';
export { add, average, maximum, minimum, multiplied as multiply, subtract } from './merging.js';
export { permute, type PermuteOptions } from './permute.js';
export { repeatVector, type RepeatVectorOptions } from './repeat-vector.js';
export { flatten, reshape, type ReshapeOptions } from './reshape.js';
export { bidirectional, type BidirectionalOptions } from './bidirectional.js';
export { dot, type DotOptions } from './dot.js';
