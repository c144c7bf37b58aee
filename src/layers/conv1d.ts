import { activation, type ActivationOption } from '../activations/activation.js';
import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { mismatch, optional, positiveInteger } from '../options/options.js';
import { affineReaders, type AffineConfig, type AffineTraining } from './affine.js';
import {
  checkStrides,
  convolutionDefinition,
  windowReaders,
  type ConvolutionConfig,
  type WindowOptions,
} from './convolving.js';
import { makeLayer } from './make-layer.js';

export interface Conv1DOptions extends LayerOptions, AffineTraining, WindowOptions {
  /** Number of output channels. */
  filters: number;
  /** Parts that features and filters fall into; a part's filters see only its features. Must divide both. Default 1. */
  groups?: number;
  /** Default 'linear'. */
  activation?: ActivationOption;
  /** Default true. */
  useBias?: boolean;
}

export interface Conv1DConfig extends AffineConfig, ConvolutionConfig {
  readonly filters: number;
  readonly groups: number;
}

const definition = /* @__PURE__ */ convolutionDefinition<Conv1DConfig>(
  'Conv1D',
  'kernel',
  ({ filters, groups }, inputs) => ({ inputs, outputs: filters, groups }),
  ({ inputs, outputs, groups }) => [inputs / groups, outputs],
);

/**
 * Convolution over time, as `keras.layers.Conv1D`; causal and dilated: van den Oord et al. 2016 (WaveNet).
 *   y_j = φ(bias + Σ_tap x_{j·strides + tap·dilationRate − before} · kernel_tap)
 * with zeros around the sequence; `before` is 0 for 'valid', (kernelSize − 1) · dilationRate for 'causal', and half of what is
 * missing for 'same'. [batch, time, features] → [batch, steps, filters]: ⌈time / strides⌉ steps, of 'valid' those whose window
 * is full. Weights: kernel [kernelSize, features / groups, filters], bias [filters]. A mask does not go on. 'valid' and
 * 'causal' run step by step, an output as soon as its last input is there; 'same' needs the whole sequence.
 * @throws TypeError for an option that is unknown or out of range, for strides with dilation, for groups that do not divide.
 */
export function conv1d(options: Conv1DOptions): Layer<Conv1DConfig, SymbolicTensor> {
  const readers = {
    filters: positiveInteger,
    groups: optional(positiveInteger, 1),
    activation: optional(activation, 'linear'),
    ...windowReaders,
    ...affineReaders,
  };
  const made = makeLayer<Conv1DConfig>(definition, readers, options);
  const { filters, groups } = made.config;
  checkStrides(made.title, made.config);
  if (filters % groups !== 0) mismatch(`${made.title}: groups`, `a divisor of ${filters} filters`, groups);
  return made;
}
