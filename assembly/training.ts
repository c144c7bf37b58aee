/** What the training builds hold: all of inference, and what goes backward. Re-exports only. */
export * from './inference';
export { addUngated, packTransposed } from './products/pack-backward';
export { columnSums, productGradient } from './products/product-backward';
export { activateBackward } from './elementwise/activations-backward';
export { softmaxBackward } from './elementwise/softmax-backward';
export { maskingBackward } from './elementwise/masking-backward';
export { accumulate } from './elementwise/accumulate-backward';
export { dropout } from './elementwise/dropout';
export { meanAbsoluteError } from './losses/mean-absolute-error';
export { meanSquaredError } from './losses/mean-squared-error';
export { adam } from './optimizers/adam';
export { clipValue, firstNonFinite, scale, sumOfSquares } from './optimizers/gradients';
export { sgd } from './optimizers/sgd';
export { randomNormal } from './random/normal';
export { orthogonal } from './random/orthogonal';
export { philox } from './random/philox';
export { fill, randomUniform } from './random/uniform';
export { gruBackward } from './recurrent/gru-backward';
export { lstmBackward } from './recurrent/lstm-backward';
export { simpleRnnBackward } from './recurrent/simple-rnn-backward';
export { convolutionInputGradient, convolutionWeightGradient } from './conv/convolution-backward';
export { globalAverageBackward } from './pooling/global-pool-backward';
export { poolBackward } from './pooling/pool-backward';

// Forward kernels whose layers are to come: they move to inference.ts with them.
export { convolution } from './conv/convolution';
export { convolutionStream } from './conv/convolution-stream';
export { pool } from './pooling/pool';
export { poolStream } from './pooling/pool-stream';
export { globalPool } from './pooling/global-pool';
export { copyRows } from './reshaping/copy-rows';
