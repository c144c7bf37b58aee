import { printShape } from '../graph/shape.js';
import { fields, mismatch, nonNegativeInteger, number, oneOf, optional, refuse } from '../options/options.js';
import { makeTensor, readNumbers, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';

export interface PadOptions {
  /** The time length that all get. Default: that of the longest. */
  maxLength?: number;
  /** Where what lacks is filled up. Default 'pre'. */
  padding?: 'pre' | 'post';
  /** Where longer sequences lose steps. Default 'pre': their last steps stay. */
  truncating?: 'pre' | 'post';
  /** What is filled in. Default 0. */
  value?: number;
}

const readers = {
  maxLength: optional(nonNegativeInteger, undefined),
  padding: optional(oneOf(['pre', 'post']), 'pre'),
  truncating: optional(oneOf(['pre', 'post']), 'pre'),
  value: optional(
    number('a number', () => true),
    0,
  ),
};

/**
 * Sequences of different lengths as one tensor [batch, time]; sequences of vectors as [batch, time, features]. Defaults as
 * `keras.utils.pad_sequences`. A Masking layer, or an Embedding with `maskZero`, makes layers skip the padding.
 * @example padSequences([[1], [2, 3]]).toArray(); // [[0, 1], [2, 3]]
 * @throws TypeError for what is no sequence of numbers, or vectors that differ in length from one sequence to another.
 */
export function padSequences(sequences: readonly TensorLike[], options: PadOptions = {}): Tensor {
  const where = 'padSequences';
  const { maxLength, padding, truncating, value } = fields(options, where, readers);
  if (!Array.isArray(sequences)) refuse(`${where}: sequences`, 'an array of sequences', sequences);
  const read = sequences.map((sequence, i) => readSequence(`${where}: sequences[${i}]`, sequence));
  const features = featuresOf(where, read);
  const time = maxLength ?? read.reduce((longest, sequence) => Math.max(longest, stepsOf(sequence)), 0);
  const size = features.reduce((product, length) => product * length, 1);
  const data = new Float32Array(read.length * time * size).fill(value);
  read.forEach((sequence, row) => {
    const kept = Math.min(stepsOf(sequence), time);
    const from = truncating === 'pre' ? stepsOf(sequence) - kept : 0;
    const to = row * time + (padding === 'pre' ? time - kept : 0);
    data.set(sequence.data.subarray(from * size, (from + kept) * size), to * size);
  });
  return makeTensor(data, [read.length, time, ...features]);
}

function readSequence(where: string, sequence: unknown): Numbers {
  if (typeof sequence === 'number') mismatch(where, 'a sequence of numbers or vectors', sequence);
  return readNumbers(sequence, where);
}

function stepsOf({ shape }: Numbers): number {
  return shape[0] ?? 0;
}

/** The shape of a step: the same in all sequences. An empty one says nothing of its steps. */
function featuresOf(where: string, sequences: readonly Numbers[]): readonly number[] {
  const first = sequences.findIndex((sequence) => stepsOf(sequence) > 0);
  const features = sequences[first]?.shape.slice(1) ?? [];
  sequences.forEach((sequence, i) => {
    const own = sequence.shape.slice(1);
    if (stepsOf(sequence) === 0 || (own.length === features.length && own.every((n, axis) => n === features[axis])))
      return;
    const expected = `steps of shape ${printShape(features)}, as those of sequences[${first}]`;
    mismatch(`${where}: sequences[${i}]`, expected, printShape(own));
  });
  return features;
}
