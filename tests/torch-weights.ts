/**
 * From PyTorch's parameters to Keras's: [outputs, inputs] to [inputs, outputs], and the order of gates.
 *   LSTM  i f g o → i f c o (the same)          GRU  r z n → z r h (the first two change places)
 * PyTorch's layers have two biases, added to the input's and to the recurrent product. Keras's SimpleRNN and LSTM have
 * their sum; its GRU with `resetAfter` has both, as the rows of a [2, 3 · units] bias.
 * Gradients map as the parameters do, save that each of two biases that are summed has the gradient of the sum.
 */
import type { GoldenCase, GoldenTensor } from './golden-data.js';

export type TorchRecurrentKind = 'rnn' | 'lstm' | 'gru';

/** PyTorch's position of each of Keras's gates. */
const gatePositions: Readonly<Record<TorchRecurrentKind, readonly number[]>> = {
  rnn: [0],
  lstm: [0, 1, 2, 3],
  gru: [1, 0, 2],
};

/** One layer's parameters (or their gradients), transposed and in Keras's order of gates; both biases apart. */
export interface TorchRecurrent {
  readonly kind: TorchRecurrentKind;
  readonly kernel: GoldenTensor; // [inputs, gates · units]
  readonly recurrentKernel: GoldenTensor; // [units, gates · units]
  readonly inputBias: GoldenTensor; // [gates · units]
  readonly recurrentBias: GoldenTensor; // [gates · units]
}

/** `prefix` is what stands before `weight_ih_l0`: '', 'grad.', 'rnn.', 'final.rnn.'. */
export function readTorchRecurrent(
  from: GoldenCase,
  kind: TorchRecurrentKind,
  prefix: string,
  layer = 0,
): TorchRecurrent {
  const read = (parameter: string): GoldenTensor => reorderRows(kind, from.read(`${prefix}${parameter}_l${layer}`));
  return {
    kind,
    kernel: transpose(read('weight_ih')),
    recurrentKernel: transpose(read('weight_hh')),
    inputBias: read('bias_ih'),
    recurrentBias: read('bias_hh'),
  };
}

/** Keras's weights of the same layer: kernel, recurrentKernel, bias (GRU: [2, 3 · units], for `resetAfter: true`). */
export function kerasWeights(parts: TorchRecurrent): [GoldenTensor, GoldenTensor, GoldenTensor] {
  const { kernel, recurrentKernel, inputBias, recurrentBias } = parts;
  const bias =
    parts.kind === 'gru'
      ? { shape: [2, inputBias.data.length], data: Float32Array.of(...inputBias.data, ...recurrentBias.data) }
      : { shape: inputBias.shape, data: inputBias.data.map((value, i) => value + recurrentBias.data[i]) };
  return [kernel, recurrentKernel, bias];
}

/**
 * Keras's weights of the same layer with both biases kept apart, so that it trains as PyTorch's: the input gets one more
 * feature that is always 1 (`appendOnes`), its row of the kernel is the input's bias, and the layer's bias is the
 * recurrent one.
 */
export function kerasWeightsWithBothBiases(parts: TorchRecurrent): [GoldenTensor, GoldenTensor, GoldenTensor] {
  const { kernel, recurrentKernel, inputBias, recurrentBias } = parts;
  const [inputs, columns] = kernel.shape;
  const extended = { shape: [inputs + 1, columns], data: Float32Array.of(...kernel.data, ...inputBias.data) };
  return [extended, recurrentKernel, recurrentBias];
}

/** [batch, time, features] with one more feature, always 1. */
export function appendOnes({ shape: [batch, time, features], data }: GoldenTensor): GoldenTensor {
  const extended = new Float32Array(batch * time * (features + 1)).fill(1);
  for (let row = 0; row < batch * time; row++) {
    extended.set(data.subarray(row * features, (row + 1) * features), row * (features + 1));
  }
  return { shape: [batch, time, features + 1], data: extended };
}

/** Keras's kernel and bias of a Linear. */
export function readTorchDense(from: GoldenCase, prefix: string): [GoldenTensor, GoldenTensor] {
  return [transpose(from.read(`${prefix}weight`)), from.read(`${prefix}bias`)];
}

/** Keras's kernel [width, inputs, filters] and bias of a Conv1d, whose weight is [filters, inputs, width]. */
export function readTorchConv(from: GoldenCase, prefix: string): [GoldenTensor, GoldenTensor] {
  return [reverseAxes(from.read(`${prefix}weight`)), from.read(`${prefix}bias`)];
}

/** [batch, channels, time] → [batch, time, channels]. */
export function channelsLast({ shape: [batch, channels, time], data }: GoldenTensor): GoldenTensor {
  const swapped = new Float32Array(data.length);
  const size = channels * time;
  for (let b = 0; b < batch; b++) {
    const one = transpose({ shape: [channels, time], data: data.slice(b * size, (b + 1) * size) });
    swapped.set(one.data, b * size);
  }
  return { shape: [batch, time, channels], data: swapped };
}

/** One layer's [batch, units] of PyTorch's states [layers, batch, units]. */
export function layerState({ shape: [, batch, units], data }: GoldenTensor, layer: number): GoldenTensor {
  const size = batch * units;
  return { shape: [batch, units], data: data.slice(layer * size, (layer + 1) * size) };
}

function reorderRows(kind: TorchRecurrentKind, tensor: GoldenTensor): GoldenTensor {
  const positions = gatePositions[kind];
  const size = tensor.data.length / positions.length;
  const data = new Float32Array(tensor.data.length);
  positions.forEach((from, to) => data.set(tensor.data.subarray(from * size, (from + 1) * size), to * size));
  return { shape: tensor.shape, data };
}

function transpose({ shape: [rows, columns], data }: GoldenTensor): GoldenTensor {
  return {
    shape: [columns, rows],
    data: Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]),
  };
}

function reverseAxes({ shape: [a, b, c], data }: GoldenTensor): GoldenTensor {
  const reversed = new Float32Array(data.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) reversed[(k * b + j) * a + i] = data[(i * b + j) * c + k];
    }
  }
  return { shape: [c, b, a], data: reversed };
}
