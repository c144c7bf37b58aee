/**
 * Where the windows of convolutions and poolings lie in time. Window `to` sees, with its tap 0 … size − 1, the steps
 *   from = to · strides + tap · dilationRate − before
 * of which those outside of the sequence are padding. With span = (size − 1) · dilationRate + 1 there are
 *   valid    ⌊(time − span) / strides⌋ + 1 windows, or none: each lies within the sequence; before = 0
 *   same     ⌈time / strides⌉ windows; half of the steps that are missing lie before the sequence, an odd one after it
 *   causal   ⌈time / strides⌉ windows; before = span − 1, so that the last tap of window `to` is step to · strides
 * TensorFlow's rules, which Keras 3 follows (ops/operation_utils.py). For pooling, causal is an extension of bucle's.
 */
export type Padding = 'valid' | 'same' | 'causal';

export interface WindowConfig {
  readonly size: number;
  readonly strides: number;
  readonly padding: Padding;
  readonly dilationRate?: number;
}

/** One tap of one window. */
export interface Tap {
  readonly to: number;
  readonly from: number;
  readonly tap: number;
}

export interface Windows {
  /** How many there are: the time steps of the output. */
  readonly length: number;
  /** All taps that see a step of the sequence and not padding, window by window, the oldest first. */
  readonly taps: readonly Tap[];
}

export function windows(time: number, config: WindowConfig): Windows {
  const { size, strides, padding, dilationRate = 1 } = config;
  const span = (size - 1) * dilationRate + 1;
  const length = padding === 'valid' ? Math.max(Math.floor((time - span) / strides) + 1, 0) : Math.ceil(time / strides);
  const missing = Math.max((length - 1) * strides + span - time, 0);
  const before = { valid: 0, same: Math.floor(missing / 2), causal: span - 1 }[padding];

  const taps: Tap[] = [];
  for (let to = 0; to < length; to++) {
    for (let tap = 0; tap < size; tap++) {
      const from = to * strides + tap * dilationRate - before;
      if (from >= 0 && from < time) taps.push({ to, from, tap });
    }
  }
  return { length, taps };
}
