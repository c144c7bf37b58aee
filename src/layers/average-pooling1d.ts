import { poolingDefinition, poolingLayer, type PoolingLayer, type PoolingOptions } from './pooling.js';

export type AveragePooling1DOptions = PoolingOptions;

const definition = /* @__PURE__ */ poolingDefinition('AveragePooling1D');

/**
 * Of each window and feature the mean, of those steps that the sequence has, as `keras.layers.AveragePooling1D` ('causal' is an
 * extension). [batch, time, features] → [batch, steps, features]: ⌈time / strides⌉ steps, of 'valid' those whose window is full.
 * A mask does not go on. 'valid' and 'causal' run step by step, 'same' needs the whole sequence.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function averagePooling1d(options: AveragePooling1DOptions = {}): PoolingLayer {
  return poolingLayer(definition, options);
}
