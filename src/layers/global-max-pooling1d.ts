import {
  globalPoolingDefinition,
  globalPoolingLayer,
  type GlobalPoolingLayer,
  type GlobalPoolingOptions,
} from './global-pooling.js';

export type GlobalMaxPooling1DOptions = GlobalPoolingOptions;

const definition = /* @__PURE__ */ globalPoolingDefinition('GlobalMaxPooling1D', 0);

/**
 * Of each feature the greatest value of all steps, whatever the mask; of no steps 0. As `keras.layers.GlobalMaxPooling1D`.
 * [batch, time, features] → [batch, features], with `keepdims` [batch, 1, features]. A stream gives that of all steps so far;
 * with `keepdims` there is none.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function globalMaxPooling1d(options: GlobalMaxPooling1DOptions = {}): GlobalPoolingLayer {
  return globalPoolingLayer(definition, options);
}
