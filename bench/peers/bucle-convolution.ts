// Convolution in bucle over whole sequences: model.predict.
import { functional, input, layers, sequential, type SymbolicTensor } from 'bucle';
import type { Contender } from '../contender.js';
import {
  convolutionInput,
  convolutionWeights,
  type ConvolutionWork,
  waveNetLayers,
  waveNetTaps,
  type WaveNetWork,
} from '../convolution-works.js';
import type { Build } from './bucle-build.js';

export function convolutionContender(work: ConvolutionWork, build: Build): Contender {
  const { inputs, filters, kernelSize, dilation, steps } = work;
  const options = { filters, kernelSize, dilationRate: dilation, padding: 'causal' } as const;
  const model = sequential({ layers: [layers.conv1d({ ...options, inputShape: [null, inputs] })], ...build });
  const { kernel, bias } = convolutionWeights(kernelSize, inputs, filters);
  model.setWeights([
    { data: kernel, shape: [kernelSize, inputs, filters] },
    { data: bias, shape: [filters] },
  ]);
  return predicting(model, convolutionInput(steps, inputs), steps, filters, build);
}

export function waveNetContender(work: WaveNetWork, build: Build): Contender {
  const { steps, channels } = work;
  return predicting(waveNetModel(work, build), convolutionInput(steps, channels), steps, channels, build);
}

type Model = ReturnType<typeof sequential>;

function predicting(model: Model, data: Float32Array, steps: number, outputs: number, build: Build): Contender {
  const x = { data, shape: [1, steps, data.length / steps] };
  const stored = { data: new Float32Array(steps * outputs), shape: [1, steps, outputs] };
  const empty = linear(outputs, build);
  return {
    deferred: false,
    outcome: () => model.predict(x).data,
    call: () => model.predict(x),
    emptyCall: () => empty.predict(stored),
  };
}

/** The inputs are the outputs. */
function linear(features: number, build: Build): Model {
  return sequential({
    layers: [layers.activation({ activation: 'linear', inputShape: [null, features] })],
    ...build,
  });
}

function waveNetModel(work: WaveNetWork, build: Build): Model {
  const { channels } = work;
  const convolution = (kernelSize: number, dilationRate: number, activation: 'linear' | 'tanh' | 'sigmoid') =>
    layers.conv1d({ filters: channels, kernelSize, dilationRate, padding: 'causal', activation });
  const inputs = input({ shape: [null, channels] });
  let x: SymbolicTensor = inputs;
  let skip: SymbolicTensor | undefined;
  const weights = waveNetLayers(work);
  for (const { dilation } of weights) {
    const filter = convolution(waveNetTaps, dilation, 'tanh').apply(x);
    const gate = convolution(waveNetTaps, dilation, 'sigmoid').apply(x);
    const residual = convolution(1, 1, 'linear').apply(layers.multiply().apply([filter, gate]));
    x = layers.add().apply([x, residual]);
    skip = skip ? layers.add().apply([skip, residual]) : residual;
  }
  if (!skip) throw new Error(`${work.name}: expected at least one dilation`);
  const model = functional({ inputs, outputs: skip, ...build });
  model.setWeights(
    weights.flatMap(({ filter, gate, output }) =>
      [filter, gate, output].flatMap(({ kernel, bias }) => [
        { data: kernel, shape: [kernel.length / channels ** 2, channels, channels] },
        { data: bias, shape: [channels] },
      ]),
    ),
  );
  return model;
}
