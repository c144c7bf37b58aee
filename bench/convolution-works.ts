// Works of convolution over time: sizes, weights and data.
import { uniformArray } from './random.js';

/** One causal Conv1D over a whole sequence a call. */
export interface ConvolutionWork {
  readonly kind: 'convolution';
  readonly name: string;
  readonly inputs: number;
  readonly filters: number;
  readonly kernelSize: number;
  readonly dilation: number;
  readonly steps: number;
}

/**
 * Layers as in WaveNet (van den Oord et al. 2016, §2.3 and 2.4), x and all else of as many channels:
 *   z = tanh(filter ∗ x) · σ(gate ∗ x),   r = W·z + b,   x ← x + r,   skip ← skip + r
 * with causal convolutions of 2 taps, dilated. The output is skip after the last layer.
 */
interface WaveNetSize {
  readonly name: string;
  readonly channels: number;
  readonly dilations: readonly number[];
  /** Steps in a second of sound. */
  readonly sampleRate: number;
}

/** A whole sequence a call. */
export interface WaveNetWork extends WaveNetSize {
  readonly kind: 'wavenet';
  readonly steps: number;
}

/**
 * One step of a stream a call, of a network that makes sound (ibid. §2.2 to 2.4): one sample in, 1×1 to `channels`; in each layer
 * z as above, of which one 1×1 convolution goes to x and another to skip; relu(skip), 1×1 to `outputs`, the next sample's logits.
 */
export interface WaveNetStepWork extends WaveNetSize {
  readonly kind: 'wavenet step';
  readonly outputs: number;
}

export const waveNetTaps = 2;

export const conv1D: ConvolutionWork = {
  kind: 'convolution',
  name: 'Conv1D 64 → 64, kernel 3, dilation 4, 4096 steps',
  inputs: 64,
  filters: 64,
  kernelSize: 3,
  dilation: 4,
  steps: 4_096,
};

const waveNetSize = {
  channels: 32,
  dilations: Array.from({ length: 30 }, (_, layer) => 2 ** (layer % 10)),
  sampleRate: 16_000,
};

export const waveNet: WaveNetWork = {
  kind: 'wavenet',
  name: 'WaveNet, 3 × (1 … 512), 32 channels, 4096 steps',
  ...waveNetSize,
  steps: 4_096,
};

export const waveNetStep: WaveNetStepWork = {
  kind: 'wavenet step',
  name: 'WaveNet step, 3 × (1 … 512), 32 channels, head 32 → 256',
  ...waveNetSize,
  outputs: 256,
};

/** A convolution's weights, as Keras has them. */
export interface ConvolutionWeights {
  /** [kernelSize, inputs, filters] */
  readonly kernel: Float32Array;
  /** [filters] */
  readonly bias: Float32Array;
}

/** As large as PyTorch draws them. */
export function convolutionWeights(kernelSize: number, inputs: number, filters: number, seed = 1): ConvolutionWeights {
  const scale = 1 / Math.sqrt(kernelSize * inputs);
  return {
    kernel: uniformArray(kernelSize * inputs * filters, 10 * seed + 1, scale),
    bias: uniformArray(filters, 10 * seed + 2, scale),
  };
}

export interface WaveNetLayer {
  readonly dilation: number;
  readonly filter: ConvolutionWeights;
  readonly gate: ConvolutionWeights;
  /** 1×1, to the residual and the skip connection alike. */
  readonly output: ConvolutionWeights;
}

export function waveNetLayers({ channels, dilations }: WaveNetWork): WaveNetLayer[] {
  return dilations.map((dilation, layer) => ({
    dilation,
    filter: convolutionWeights(waveNetTaps, channels, channels, 3 * layer + 1),
    gate: convolutionWeights(waveNetTaps, channels, channels, 3 * layer + 2),
    output: convolutionWeights(1, channels, channels, 3 * layer + 3),
  }));
}

/** [steps, features], one sequence. */
export function convolutionInput(steps: number, features: number): Float32Array {
  return uniformArray(steps * features, 4_000);
}

/** Multiplies and adds of the convolutions in a call, each counted. */
export function convolutionOperations(work: ConvolutionWork | WaveNetWork | WaveNetStepWork): number {
  if (work.kind === 'convolution') return 2 * work.steps * work.kernelSize * work.inputs * work.filters;
  const { channels, dilations } = work;
  const gates = 2 * waveNetTaps * channels ** 2;
  if (work.kind === 'wavenet') return 2 * work.steps * dilations.length * (gates + channels ** 2);
  // The last layer's way back to x goes nowhere.
  const between = dilations.length * (gates + 2 * channels ** 2) - channels ** 2;
  return 2 * (channels + between + channels * work.outputs);
}
