import type { Call, OutputSpec } from '../graph/layer.js';
import { optional, oneOf, positiveInteger, refuse, type Reader } from '../options/options.js';
import { add, ceilDivide, less, multiply, subtract, type Size } from '../plan/size.js';
import { sameSteps, sequenceInput } from './expectations.js';

/*
 * Windows that go along time, of convolutions and poolings, by TensorFlow's rules, which Keras follows. Window j sees `span`
 * steps from j·strides − (steps padded before) on:
 *   valid    only windows that lie inside of the sequence; nothing is padded
 *   same     ⌈steps / strides⌉ windows; of what is missing half is padded before, an odd one behind
 *   causal   ⌈steps / strides⌉ windows, each of which ends with step j·strides
 */

export type Padding = 'valid' | 'same' | 'causal';

export interface Windows {
  readonly span: number;
  readonly strides: number;
  readonly padding: Padding;
}

/** How many windows there are; after so many steps of a stream, how many are complete. */
export function windowCount({ span, strides, padding }: Windows, steps: Size): Size {
  return ceilDivide(padding === 'valid' && span > 1 ? less(steps, span - 1) : steps, strides);
}

/** Steps padded before the sequence. */
export function paddedBefore({ span, strides, padding }: Windows, steps: Size, count: Size): Size {
  if (padding === 'valid') return 0;
  if (padding === 'causal') return span - 1;
  if (strides === 1) return Math.floor((span - 1) / 2);
  // ⌊missing / 2⌋ = ⌈(missing − 1) / 2⌉.
  const reach = add(multiply(subtract(count, 1), strides), span);
  return ceilDivide(less(reach, add(steps, 1)), 2);
}

/** Where what is padded depends on the sequence's end, only the whole of it will do. */
export function dependsOnEnd({ span, padding }: Windows): boolean {
  return padding === 'same' && span > 1;
}

/** In a stream: the newest step of the next window, counted from the first step that comes; `before` came before. */
export function firstDue(windows: Windows, before: Size): Size {
  const { span, strides, padding } = windows;
  const wait = padding === 'valid' ? span - 1 : 0;
  if (wait === 0 && strides === 1) return 0;
  return subtract(add(multiply(windowCount(windows, before), strides), wait), before);
}

/** Room for as many new steps as there is history: then moving the history to the front costs one row a step on average. */
export function streamCapacity(history: number): number {
  return history + Math.max(maxChunk, history);
}

/** Sessions never hand over more steps at once. */
const maxChunk = 64;

/** A sequence with other steps than the input's, so its mask does not go on (Keras). */
export function otherSteps(
  name: string,
  call: Call,
  stepsAfter: (steps: Size) => Size,
  features?: number,
): readonly [OutputSpec] {
  const [output] = sameSteps(name, call, sequenceInput, features, stepsAfter);
  return [{ ...output, mask: null }];
}

/** A number for the only axis, which files write as a one-element array too. */
export function oneAxis(reader: Reader<number>): Reader<number> {
  return (value, where) => reader(Array.isArray(value) && value.length === 1 ? value[0] : value, where);
}

export const length = /* @__PURE__ */ oneAxis(positiveInteger);

export const anyPadding = /* @__PURE__ */ optional(oneOf(['valid', 'same', 'causal']), 'valid');

/** Steps on both sides: one number, or how many before and how many behind. */
export function bothSides(reader: Reader<number>): Reader<readonly [number, number]> {
  return (value, where) => {
    if (!Array.isArray(value)) return [reader(value, where), reader(value, where)];
    if (value.length !== 2) refuse(where, 'one number or two', value);
    return [reader(value[0], where), reader(value[1], where)];
  };
}
