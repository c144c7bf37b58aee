import { poolingDefinition, poolingLayer, type PoolingLayer, type PoolingOptions } from './pooling.js';

export type MaxPooling1DOptions = PoolingOptions;

const definition = /* @__PURE__ */ poolingDefinition('MaxPooling1D');

/**
 * Of each window and feature the greatest value, as `keras.layers.MaxPooling1D` ('causal' is an extension).
 * [batch, time, features] → [batch, steps, features]: ⌈time / strides⌉ steps, of 'valid' those whose window is full. A mask does
 * not go on. 'valid' and 'causal' run step by step, 'same' needs the whole sequence.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function maxPooling1d(options: MaxPooling1DOptions = {}): PoolingLayer {
  return poolingLayer(definition, options);
}
