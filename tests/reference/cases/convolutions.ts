/** Convolutions of every kind. */
import { activationNames, inputActivationNames } from '../activations.js';
import { conv1dTranspose, type Conv1dTransposeConfig } from '../conv1d-transpose.js';
import { conv1d, type Conv1dConfig } from '../conv1d.js';
import { depthwiseConv1d, type DepthwiseConv1dConfig } from '../depthwise-conv1d.js';
import { separableConv1d, type SeparableConv1dConfig } from '../separable-conv1d.js';
import { caseOf, type Case, type Draft } from './case.js';

export type ConvolutionCase =
  | Case<'conv1d', Conv1dConfig>
  | Case<'depthwiseConv1d', DepthwiseConv1dConfig>
  | Case<'separableConv1d', SeparableConv1dConfig>
  | Case<'conv1dTranspose', Conv1dTransposeConfig>;

type ConvolutionDraft = Draft<ConvolutionCase>;

const shape = [2, 9, 4];

const bias = (useBias: boolean | undefined, filters: number): number[][] => (useBias === false ? [] : [[filters]]);

function conv(config: Conv1dConfig, of: readonly number[] = shape): ConvolutionDraft {
  const { filters, kernelSize, groups = 1, useBias } = config;
  return caseOf('conv1d', conv1d, config, of, [[kernelSize, of[2] / groups, filters], ...bias(useBias, filters)]);
}

function causal(config: Conv1dConfig, of: readonly number[] = [2, 9, 3]): ConvolutionDraft {
  return conv({ ...config, padding: 'causal' }, of);
}

function depthwise(config: DepthwiseConv1dConfig, of: readonly number[] = shape): ConvolutionDraft {
  const { kernelSize, depthMultiplier = 1, useBias } = config;
  const shapes = [[kernelSize, of[2], depthMultiplier], ...bias(useBias, of[2] * depthMultiplier)];
  return caseOf('depthwiseConv1d', depthwiseConv1d, config, of, shapes);
}

function separable(config: SeparableConv1dConfig): ConvolutionDraft {
  const { filters, kernelSize, depthMultiplier = 1, useBias } = config;
  return caseOf('separableConv1d', separableConv1d, config, shape, [
    [kernelSize, shape[2], depthMultiplier],
    [1, shape[2] * depthMultiplier, filters],
    ...bias(useBias, filters),
  ]);
}

function transpose(config: Conv1dTransposeConfig, of: readonly number[] = [2, 5, 3]): ConvolutionDraft {
  const { filters, kernelSize, useBias } = config;
  const shapes = [[kernelSize, filters, of[2]], ...bias(useBias, filters)];
  return caseOf('conv1dTranspose', conv1dTranspose, config, of, shapes);
}

const paddings = ['valid', 'same', 'causal'] as const;

/** What a window can be, for any layer that has one: valid, same, causal × strides or dilation. */
const windowOptions = paddings.flatMap((padding) => [
  { kernelSize: 3, padding },
  { kernelSize: 4, padding },
  { kernelSize: 2, padding, strides: 2 },
  { kernelSize: 4, padding, strides: 3 },
  { kernelSize: 1, padding, strides: 2 },
  { kernelSize: 3, padding, dilationRate: 2 },
  { kernelSize: 2, padding, dilationRate: 5 },
]);

export const convolutionCases: readonly ConvolutionDraft[] = [
  conv({ filters: 3, kernelSize: 3 }),
  ...windowOptions.map((options) => conv({ filters: 3, ...options })),
  // Even and odd lengths: what `same` pads on the left depends on them.
  ...[7, 8].map((time) => conv({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }, [2, time, 4])),
  ...paddings.map((padding) => conv({ filters: 6, kernelSize: 3, padding, groups: 2 })),
  conv({ filters: 4, kernelSize: 2, groups: 4 }),
  conv({ filters: 8, kernelSize: 2, groups: 4, strides: 2, padding: 'causal', useBias: false }),
  conv({ filters: 3, kernelSize: 2, useBias: false }),
  ...[...activationNames, ...inputActivationNames].map((activation) =>
    conv({ filters: 3, kernelSize: 2, padding: 'same', activation }),
  ),
  // Windows longer than the sequence, and sequences without a step.
  ...paddings.map((padding) => conv({ filters: 3, kernelSize: 5, padding }, [2, 3, 4])),
  ...paddings.map((padding) => conv({ filters: 3, kernelSize: 2, padding }, [2, 0, 4])),

  causal({ filters: 4, kernelSize: 1 }),
  causal({ filters: 4, kernelSize: 2 }),
  causal({ filters: 5, kernelSize: 3 }),
  causal({ filters: 1, kernelSize: 3 }, [3, 6, 1]),
  causal({ filters: 4, kernelSize: 2, dilationRate: 2 }),
  causal({ filters: 4, kernelSize: 3, dilationRate: 4 }),
  // Longer than the sequence: the oldest tap sees only padding.
  causal({ filters: 4, kernelSize: 3, dilationRate: 4 }, [2, 5, 3]),
  causal({ filters: 4, kernelSize: 3, useBias: false }),
  causal({ filters: 4, kernelSize: 2, activation: 'relu' }),
  causal({ filters: 4, kernelSize: 2, dilationRate: 2, activation: 'tanh' }),
  causal({ filters: 4, kernelSize: 2, activation: 'softmax' }),
  causal({ filters: 4, kernelSize: 2 }, [2, 0, 3]),

  depthwise({ kernelSize: 3 }),
  ...windowOptions.map((options) => depthwise({ depthMultiplier: 2, ...options })),
  depthwise({ kernelSize: 3, useBias: false }),
  ...(['tanh', 'gelu'] as const).map((activation) => depthwise({ kernelSize: 2, depthMultiplier: 3, activation })),
  depthwise({ kernelSize: 2 }, [2, 0, 4]),

  separable({ filters: 3, kernelSize: 3 }),
  ...windowOptions.map((options) => separable({ filters: 3, depthMultiplier: 2, ...options })),
  separable({ filters: 3, kernelSize: 3, useBias: false }),
  ...(['sigmoid', 'mish'] as const).map((activation) => separable({ filters: 3, kernelSize: 2, activation })),

  transpose({ filters: 4, kernelSize: 3 }),
  ...(['valid', 'same'] as const).flatMap((padding) => [
    ...[1, 2, 3, 4].flatMap((strides) =>
      [2, 3].map((kernelSize) => transpose({ filters: 2, kernelSize, strides, padding })),
    ),
    transpose({ filters: 2, kernelSize: 3, strides: 3, padding, outputPadding: 0 }),
    transpose({ filters: 2, kernelSize: 4, strides: 3, padding, outputPadding: 1 }),
    transpose({ filters: 2, kernelSize: 3, padding, dilationRate: 2 }),
  ]),
  transpose({ filters: 2, kernelSize: 3, strides: 2, useBias: false }),
  ...(['tanh', 'silu'] as const).map((activation) => transpose({ filters: 2, kernelSize: 3, strides: 2, activation })),
  transpose({ filters: 2, kernelSize: 3, strides: 2 }, [2, 1, 3]),
  transpose({ filters: 2, kernelSize: 3, strides: 2 }, [2, 0, 3]),
];
