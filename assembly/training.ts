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
