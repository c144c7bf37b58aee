// Causal convolution in the operations of tfjs-core: zeros in front of the sequence, then a valid convolution.
import {
  add,
  conv1d,
  dispose,
  mul,
  pad,
  sigmoid,
  tanh,
  tensor1d,
  type Tensor1D,
  tensor3d,
  type Tensor3D,
  tidy,
} from '@tensorflow/tfjs-core';
import type { Contender } from '../contender.js';
import {
  convolutionInput,
  type ConvolutionWeights,
  convolutionWeights,
  type ConvolutionWork,
  waveNetLayers,
  type WaveNetWork,
} from '../convolution-works.js';

interface Weights {
  readonly kernel: Tensor3D;
  readonly bias: Tensor1D;
}

export function convolutionContender({ inputs, filters, kernelSize, dilation, steps }: ConvolutionWork): Contender {
  const weights = tensorsOf(convolutionWeights(kernelSize, inputs, filters), inputs, filters);
  const x = tensor3d(convolutionInput(steps, inputs), [1, steps, inputs]);
  return contender(() => causalConvolution(x, weights, dilation), [x, weights.kernel, weights.bias]);
}

export function waveNetContender(work: WaveNetWork): Contender {
  const { channels, steps } = work;
  const start = tensor3d(convolutionInput(steps, channels), [1, steps, channels]);
  const layers = waveNetLayers(work).map(({ dilation, ...convolutions }) => {
    const [filter, gate, output] = [convolutions.filter, convolutions.gate, convolutions.output].map((weights) =>
      tensorsOf(weights, channels, channels),
    ) as [Weights, Weights, Weights];
    return { dilation, filter, gate, output };
  });
  const run = () => {
    let x = start;
    let skip: Tensor3D | undefined;
    for (const { dilation, filter, gate, output } of layers) {
      // Tensors live to the end of the innermost tidy.
      const next = tidy(() => {
        const filtered = tanh(causalConvolution(x, filter, dilation));
        const z = mul<Tensor3D>(filtered, sigmoid(causalConvolution(x, gate, dilation)));
        const residual = causalConvolution(z, output, 1);
        return { x: add<Tensor3D>(x, residual), skip: skip ? add<Tensor3D>(skip, residual) : residual };
      });
      if (x !== start) x.dispose();
      skip?.dispose();
      ({ x, skip } = next);
    }
    if (!skip) throw new Error(`${work.name}: expected at least one dilation`);
    return skip;
  };
  const weights = layers.flatMap(({ filter, gate, output }) =>
    [filter, gate, output].flatMap(({ kernel, bias }) => [kernel, bias]),
  );
  return contender(run, [start, ...weights]);
}

function contender(run: () => Tensor3D, held: (Tensor3D | Tensor1D)[]): Contender {
  // The values are read outside of tidy, which would look for tensors in each of them: 300 ms for 1 MB (measured).
  const call = () => {
    const y = tidy(run);
    const data = y.dataSync<'float32'>();
    y.dispose();
    return data;
  };
  return {
    deferred: false,
    outcome: call,
    call,
    close: () => {
      dispose(held);
    },
  };
}

function tensorsOf({ kernel, bias }: ConvolutionWeights, inputs: number, filters: number): Weights {
  return { kernel: tensor3d(kernel, [kernel.length / (inputs * filters), inputs, filters]), bias: tensor1d(bias) };
}

function causalConvolution(x: Tensor3D, { kernel, bias }: Weights, dilation: number): Tensor3D {
  const zeros = (kernel.shape[0] - 1) * dilation;
  const padded: Tensor3D = zeros > 0 ? pad(x, [[0, 0], [zeros, 0], [0, 0]]) : x; // prettier-ignore
  return add(conv1d(padded, kernel, 1, 'valid', 'NWC', dilation), bias);
}
