// Convolutions as onnxruntime runs them, features before time: x [1, features, steps] → y [1, filters, steps].
// https://onnx.ai/onnx/operators/onnx__Conv.html
import {
  type ConvolutionWeights,
  convolutionWeights,
  type ConvolutionWork,
  waveNetLayers,
  waveNetTaps,
  type WaveNetWork,
} from '../convolution-works.js';
import { model, node, storedOutputModel, tensor, value } from './graph.js';
import type { Message } from './messages.js';

export function convolutionModel({ inputs, filters, kernelSize, dilation, steps }: ConvolutionWork): Uint8Array {
  const weights = convolutionWeights(kernelSize, inputs, filters);
  return model({
    ...causalConvolution('x', 'y', { kernelSize, inputs, filters, dilation }, weights),
    inputs: [value('x', [1, inputs, steps])],
    outputs: [value('y', [1, filters, steps])],
  });
}

/** Filter and gate in one convolution, split behind it, are no faster (measured). */
export function waveNetModel(work: WaveNetWork): Uint8Array {
  const { channels, steps } = work;
  const shape = [1, channels, steps];
  const last = work.dilations.length - 1;
  const parts = waveNetLayers(work).map(({ dilation, filter, gate, output }, layer) => {
    const named = (name: string) => `${name}${String(layer)}`;
    const [x, nextX] = [layer === 0 ? 'x' : named('x'), `x${String(layer + 1)}`];
    const [skip, nextSkip] = [named('skip'), layer === last ? 'y' : `skip${String(layer + 1)}`];
    const size = { inputs: channels, filters: channels };
    const dilated = { ...size, kernelSize: waveNetTaps, dilation };
    const convolutions = [
      causalConvolution(x, named('filter'), dilated, filter),
      causalConvolution(x, named('gate'), dilated, gate),
      causalConvolution(named('z'), named('residual'), { ...size, kernelSize: 1, dilation: 1 }, output),
    ];
    const [filtering, gating, mixing] = convolutions.map(({ nodes }) => nodes);
    return {
      nodes: [
        ...(filtering ?? []),
        ...(gating ?? []),
        node('Tanh', [named('filter')], [named('tanh')]),
        node('Sigmoid', [named('gate')], [named('sigmoid')]),
        node('Mul', [named('tanh'), named('sigmoid')], [named('z')]),
        ...(mixing ?? []),
        node('Add', [x, named('residual')], [nextX]),
        layer === 0
          ? node('Identity', [named('residual')], [nextSkip])
          : node('Add', [skip, named('residual')], [nextSkip]),
      ],
      initializers: convolutions.flatMap(({ initializers }) => initializers),
    };
  });
  return model({
    nodes: parts.flatMap(({ nodes }) => nodes),
    initializers: parts.flatMap(({ initializers }) => initializers),
    inputs: [value('x', shape)],
    outputs: [value('y', shape)],
  });
}

/** The inputs and outputs of `convolutionModel`, or of `waveNetModel`, without their work. */
export function emptyConvolutionModel(inputs: number, outputs: number, steps: number): Uint8Array {
  return storedOutputModel(value('x', [1, inputs, steps]), [1, outputs, steps]);
}

interface Convolution {
  readonly kernelSize: number;
  readonly inputs: number;
  readonly filters: number;
  readonly dilation: number;
}

function causalConvolution(
  x: string,
  y: string,
  { kernelSize, inputs, filters, dilation }: Convolution,
  { kernel, bias }: ConvolutionWeights,
): { nodes: Message[]; initializers: Message[] } {
  const [kernelName, biasName] = [`${y}.W`, `${y}.B`];
  return {
    nodes: [
      node(
        'Conv',
        [x, kernelName, biasName],
        [y],
        [
          { name: 'kernel_shape', type: 'INTS', ints: [kernelSize] },
          { name: 'dilations', type: 'INTS', ints: [dilation] },
          { name: 'pads', type: 'INTS', ints: [(kernelSize - 1) * dilation, 0] },
        ],
      ),
    ],
    initializers: [
      tensor(kernelName, [filters, inputs, kernelSize], filtersFirst(kernel, kernelSize, inputs, filters)),
      tensor(biasName, [filters], bias),
    ],
  };
}

/** Keras's [kernelSize, inputs, filters] as ONNX's [filters, inputs, kernelSize]. */
function filtersFirst(keras: Float32Array, kernelSize: number, inputs: number, filters: number): Float32Array {
  const onnx = new Float32Array(keras.length);
  for (let tap = 0; tap < kernelSize; tap += 1) {
    for (let input = 0; input < inputs; input += 1) {
      for (let filter = 0; filter < filters; filter += 1) {
        onnx[(filter * inputs + input) * kernelSize + tap] = keras[(tap * inputs + input) * filters + filter] ?? NaN;
      }
    }
  }
  return onnx;
}
