import { describe, expect, test } from 'vitest';
import { padSequences } from '../../src/data.js';

describe("the examples of keras.utils.pad_sequences' documentation", () => {
  const sequences = [[1], [2, 3], [4, 5, 6]];

  test.each([
    [{}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]], // prettier-ignore
    [{ value: -1 }, [[-1, -1, 1], [-1, 2, 3], [4, 5, 6]]], // prettier-ignore
    [{ padding: 'post' }, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]], // prettier-ignore
    [{ maxLength: 2 }, [[0, 1], [2, 3], [5, 6]]], // prettier-ignore
  ] as const)('%j', (options, expected) => {
    expect(padSequences(sequences, options).toArray()).toEqual(expected);
  });
});

test('truncating post keeps the first steps', () => {
  expect(padSequences([[1, 2, 3], [4]], { maxLength: 2, truncating: 'post', padding: 'post' }).toArray()).toEqual([
    [1, 2],
    [4, 0],
  ]);
});

test('sequences of vectors become [batch, time, features]', () => {
  const padded = padSequences([[[1, 2]], [], [[3, 4], [5, 6], [7, 8]]], { maxLength: 2, value: 9 }); // prettier-ignore
  expect(padded.shape).toEqual([3, 2, 2]);
  expect(padded.toArray()).toEqual([[[9, 9], [1, 2]], [[9, 9], [9, 9]], [[5, 6], [7, 8]]]); // prettier-ignore
});

test('typed arrays and tensors are sequences too', () => {
  const padded = padSequences([new Int32Array([1, 2]), { data: new Float32Array([3]), shape: [1] }]);
  expect(padded.toArray()).toEqual([
    [1, 2],
    [0, 3],
  ]);
});

test.each([
  [[], {}, [0, 0]],
  [[], { maxLength: 3 }, [0, 3]],
  [[[]], {}, [1, 0]],
  [[[]], { maxLength: 2 }, [1, 2]],
  [[[1, 2]], { maxLength: 0 }, [1, 0]],
])('%j with %j has the shape %j', (sequences, options, shape) => {
  const padded = padSequences(sequences, options);
  expect(padded.shape).toEqual(shape);
  expect(padded.data).toEqual(new Float32Array(shape.reduce((a, b) => a * b)));
});

test('a sequence of its own memory is not written to, nor kept', () => {
  const sequence = new Float32Array([1, 2]);
  const padded = padSequences([sequence]);
  padded.data[0] = 7;
  expect(Array.from(sequence)).toEqual([1, 2]);
});

test.each<[string, unknown, object, string]>([
  ['no array', 'abc', {}, "padSequences: sequences: expected an array of sequences, got 'abc'"],
  ['a number', [1, 2], {}, 'padSequences: sequences[0]: expected a sequence of numbers or vectors, got 1'],
  ['a text', [[1], ['2']], {}, "padSequences: sequences[1]: expected numbers, got '2'"],
  [
    'ragged vectors',
    [[[1, 2], [3]]],
    {},
    'padSequences: sequences[0]: ragged: expected arrays of length 2 along axis 1, got one of 1',
  ],
  [
    'other features',
    [[], [[1, 2]], [[1]]],
    {},
    'padSequences: sequences[2]: expected steps of shape [2], as those of sequences[1], got [1]',
  ],
  [
    'numbers beside vectors',
    [[1], [[1]]],
    {},
    'padSequences: sequences[1]: expected steps of shape [], as those of sequences[0], got [1]',
  ],
  ['maxLength', [[1]], { maxLength: -1 }, 'padSequences: maxLength: expected a non-negative integer, got -1'],
  ['padding', [[1]], { padding: 'left' }, "padSequences: padding: expected one of 'pre', 'post', got 'left'"],
  ['value', [[1]], { value: '0' }, "padSequences: value: expected a number, got '0'"],
  [
    'an unknown option',
    [[1]],
    { maxlen: 3 },
    'padSequences: unknown option "maxlen"; known: maxLength, padding, truncating, value',
  ],
])('refuses %s', (_, sequences, options, message) => {
  expect(() => padSequences(sequences as number[][], options)).toThrow(message);
});
