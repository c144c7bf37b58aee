/** What the inference builds hold. Re-exports only. */
export { copy, heapBase, zero } from './memory';
export { pack, unpack } from './products/pack';
export { product } from './products/product';
export { activate } from './elementwise/activations';
export { softmax } from './elementwise/softmax';
export { masking } from './elementwise/masking';
export { exportRows, importRows, reverseTime } from './elementwise/rows';
export { convStream } from './conv/conv-stream';
export { gruForward } from './recurrent/gru';
export { lstmForward } from './recurrent/lstm';
export { simpleRnnForward } from './recurrent/simple-rnn';
