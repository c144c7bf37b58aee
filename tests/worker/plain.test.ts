/** What is sent to a thread: data alone, and no more of it than is meant. */
import { expect, test } from 'vitest';
import { tensor } from '../../src/index.js';
import { plain as plainIn } from '../../src/worker/plain.js';

const plain = (value: unknown) => plainIn(value, 'fit');

test('of a part of a buffer the part is sent, a whole one is not copied', () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  expect(plain(whole)).toBe(whole);
  const part = plain({ x: { data: whole.subarray(1, 3), shape: [2] } }) as { x: { data: Float32Array } };
  expect(part).toEqual({ x: { data: Float32Array.of(2, 3), shape: [2] } });
  expect(part.x.data.buffer.byteLength).toBe(8);
  expect(plain([new Uint8Array(whole.buffer, 4, 4)])).toEqual([Uint8Array.of(0, 0, 0, 64)]);
});

test('tensors leave their methods; that they have strides still shows', () => {
  expect(structuredClone(plain([tensor([[1, 2]]), { a: tensor([3]) }]))).toEqual([
    { data: Float32Array.of(1, 2), shape: [1, 2] },
    { a: { data: Float32Array.of(3), shape: [1] } },
  ]);
  expect(plain({ data: [1], shape: [1], stride: [1], get: () => 1 })).toEqual({ data: [1], shape: [1], stride: null });
});

test('numbers in arrays, and what is no data at all, stay as they are', () => {
  const given = [[[1, 2], [3, 4]], 'text', null, undefined, 5, true]; // prettier-ignore
  expect(plain(given)).toEqual(given);
});

test('what can neither be sent nor be read is refused by name', () => {
  for (const [value, text] of [
    [() => 1, 'fit: expected numbers, got a function'],
    [{ a: [[Symbol('x')]] }, 'fit: "a": expected numbers, got Symbol(x)'],
    [{ data: () => 1, shape: [1] }, 'fit: expected numbers, got a function'],
  ] as const) {
    expect(() => plain(value)).toThrow(new TypeError(text));
  }
});
