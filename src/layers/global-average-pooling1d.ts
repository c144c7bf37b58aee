import {
  globalPoolingDefinition,
  globalPoolingLayer,
  type GlobalPoolingLayer,
  type GlobalPoolingOptions,
} from './global-pooling.js';

export type GlobalAveragePooling1DOptions = GlobalPoolingOptions;

const definition = /* @__PURE__ */ globalPoolingDefinition('GlobalAveragePooling1D', 1);

/**
 * Of each feature the mean over the steps that the mask leaves, summed in float64; of no steps 0 (Keras: NaN). As
 * `keras.layers.GlobalAveragePooling1D`. [batch, time, features] → [batch, features], with `keepdims` [batch, 1, features]. A
 * stream gives that of all steps so far; with `keepdims` there is none.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function globalAveragePooling1d(options: GlobalAveragePooling1DOptions = {}): GlobalPoolingLayer {
  return globalPoolingLayer(definition, options);
}
