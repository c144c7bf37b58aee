import { axesBetween, copyArguments, type Copy } from '../graph/copy.js';
import type { ForwardContext } from '../graph/context.js';
import {
  Layer,
  type Call,
  type LayerDefinition,
  type LayerOptions,
  type OutputSpec,
  type SymbolicTensor,
} from '../graph/layer.js';
import { printShape, type Shape } from '../graph/shape.js';
import type { View } from '../graph/view.js';
import { mismatch } from '../options/options.js';
import { known } from '../plan/known.js';
import type { ArgumentsOf, PlanTensor } from '../plan/plan.js';
import { multiply } from '../plan/size.js';
import { noStates } from './expectations.js';
import { makeLayer } from './make-layer.js';
import { emitMergedMask, mergedMask } from './merged-mask.js';
import { replaceMasked } from './replace-masked.js';

/** What a layer that merges does with two values (assembly/merging/merge.ts). */
const codes = { Add: 0, Subtract: 1, Multiply: 2, Average: 3, Maximum: 4, Minimum: 5 } as const;

export type MergeKind = keyof typeof codes;

export type MergeLayer = Layer<object, SymbolicTensor>;

/** An input as the kernels want it: of the output's shape, copied there where it is broadcast. */
export interface Part {
  readonly tensor: PlanTensor;
  /** How it was broadcast; null: it is the input itself. */
  readonly copy: Copy | null;
}

function definitionOf(className: MergeKind): LayerDefinition<object> {
  return {
    className,
    joins: (_config, inputs) => alongTime(inputs),
    outputs: (_config, call, name) => mergedOutput(name, call, className === 'Subtract' ? 2 : undefined),
    forward: (context) => {
      emitMergedMask(context);
      const y = context.output();
      if (y === null) return;
      const [first, ...others] = partsOf(context).map(({ tensor }) => tensor);
      let before = known(first, 'an input');
      others.forEach((other, i) => {
        const isLast = i === others.length - 1;
        const code = className === 'Average' && !isLast ? codes.Add : codes[className];
        context.emit('merge', ...mergeArguments(context, code, before, other, y, others.length + 1));
        before = y;
      });
    },
  };
}

/** y = a and b merged, value by value. */
export function mergeArguments(
  context: ForwardContext,
  code: number,
  a: PlanTensor,
  b: PlanTensor,
  y: PlanTensor,
  divisor = 1,
): ArgumentsOf<'merge'> {
  const rows = context.outputLeading.reduce(multiply);
  const features = known(context.viewOf('output').lengths.at(-1), 'features');
  return [code, a, b, y, rows, features, rows, divisor];
}

/** The inputs, broadcast to the output's shape where theirs is another. Kept for the way back as part0, part1 … */
export function partsOf(context: ForwardContext): Part[] {
  const output = context.viewOf('output');
  return Array.from({ length: context.inputs }, (_, i) => {
    const copy = broadcastOf(context.viewOf(i), output);
    if (copy === null) return { tensor: context.keep(`part${i}`, context.input(i)), copy };
    const [time = 1, batch = 1, ...inner] = [output.lengths[1], output.lengths[0], ...output.lengths.slice(2, -1)];
    const features = known(output.lengths.at(-1), 'features') as number;
    const leading = output.lengths.length === 2 ? [batch] : [time, batch, ...inner];
    const tensor = context.scratch(`part${i}`, leading, features);
    context.emit('zero', tensor, tensor.bytes);
    context.emit('copyRows', ...copyArguments(copy, context.input(i), tensor));
    return { tensor, copy };
  });
}

/** A row [batch, features] stands for every step; an axis of length 1 for any length. */
export function broadcastOf(input: View, output: View): Copy | null {
  const missing = output.lengths.length - input.lengths.length;
  const [batch, ...rest] = input.strides;
  const [, ...lengths] = input.lengths;
  const from = [batch ?? 0, ...Array.from({ length: missing }, () => 0), ...rest];
  const known = [input.lengths[0] ?? 1, ...Array.from({ length: missing }, () => 1), ...lengths];
  const isSame = missing === 0 && known.every((length, i) => length !== 1 || output.lengths[i] === 1);
  if (isSame) return null;
  const strides = from.map((stride, i) => (i > 0 && known[i] === 1 ? 0 : stride));
  return { axes: axesBetween(output.lengths, strides, output.strides) };
}

function mergedOutput(name: string, call: Call, wanted: number | undefined): OutputSpec[] {
  const { inputs } = call;
  noStates(name, call);
  if (inputs.length < 2 || inputs.length !== (wanted ?? inputs.length)) {
    mismatch(name, wanted === undefined ? 'two inputs or more' : `${wanted} inputs`, inputs.length);
  }
  const shape = inputs.map((input) => input.shape).reduce((a, b) => commonShape(name, a, b));
  const longest = inputs.find((input) => input.shape.length === shape.length);
  const joined = alongTime(inputs);
  const { time, batch } = joined[0] ?? known(longest, name);
  return [{ shape, time, batch, mask: mergedMask(name, call, joined) }];
}

/** The inputs that have the output's steps: others stand for each of these. */
function alongTime(inputs: readonly SymbolicTensor[]): SymbolicTensor[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  const sequences = inputs.filter(({ shape, time }) => time !== null && shape.length === rank);
  const several = sequences.filter(({ shape }) => shape[1] !== 1);
  return several.length > 0 ? several : sequences;
}

function commonShape(name: string, a: Shape, b: Shape): Shape {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  const [batch = null, ...rest] = shorter;
  const filled = [batch, ...longer.slice(1, longer.length - rest.length).map(() => 1), ...rest];
  return longer.map((length, axis) => {
    const other = filled[axis] ?? null;
    // Behind the time, every length is known.
    const isKnown = axis < 2 || (length !== null && other !== null);
    const fits = isKnown && (length === other || [length, other].some((n) => n === 1 || n === null));
    if (!fits) mismatch(name, `inputs of one shape, as ${printShape(a)}`, printShape(b));
    return length === 1 || (length === null && other !== 1) ? other : length;
  });
}

/**
 * The sum of two inputs or more, value by value; [batch, features] stands for every step of a sequence, an axis of length 1
 * for any length. Their shape → the same. As `keras.layers.Add`.
 * @throws TypeError when the shapes do not fit.
 */
export const add = /* @__PURE__ */ mergeMaker('Add');
/** The first of two inputs less the second. As `keras.layers.Subtract`. */
export const subtract = /* @__PURE__ */ mergeMaker('Subtract');
/** The product of two inputs or more, value by value. As `keras.layers.Multiply`. */
export const multiplied = /* @__PURE__ */ mergeMaker('Multiply');
/** The mean of two inputs or more, value by value. As `keras.layers.Average`. */
export const average = /* @__PURE__ */ mergeMaker('Average');
/** The greatest of two inputs or more, value by value. As `keras.layers.Maximum`. */
export const maximum = /* @__PURE__ */ mergeMaker('Maximum');
/** The least of two inputs or more, value by value. As `keras.layers.Minimum`. */
export const minimum = /* @__PURE__ */ mergeMaker('Minimum');

function mergeMaker(kind: MergeKind): (options?: LayerOptions) => MergeLayer {
  const plain = definitionOf(kind);
  const combine = kind === 'Multiply' ? factors : kind === 'Maximum' || kind === 'Minimum' ? extremes : null;
  const definition = combine === null ? plain : { ...plain, outputs: maskedOutput(plain, combine) };
  return (options = {}) => makeLayer(definition, {}, options);
}

type Combine = typeof extremes;

/** With masks, the layer is made of others: what a masked step brings is left out of products and extremes (Keras 3). */
function maskedOutput(plain: LayerDefinition<object>, combine: Combine): LayerDefinition<object>['outputs'] {
  return (config, call, name) => {
    const { inputs, mask } = call;
    const specs = plain.outputs(config, call, name);
    const isMasked = mask === inputs[0]?.mask && inputs.some((input) => input.mask !== null);
    const whole = specs[0]?.shape.length === 3 && isMasked ? combine(plain, inputs) : null;
    return whole === null ? specs : [whole];
  };
}

/** A factor of a masked step is 1; where no factor is left, the product is 0. */
function factors(plain: LayerDefinition<object>, inputs: readonly SymbolicTensor[]): SymbolicTensor {
  const all = inputs.map((x) => (x.mask === null ? x : replaceMasked(1).apply(x, { mask: x.mask })));
  const y = merged(plain, all);
  return y.mask === null ? y : replaceMasked(0).apply(y, { mask: y.mask });
}

/** At masked steps of one, the other counts. Where one stands for every step, or for every feature, masks make no difference. */
function extremes(plain: LayerDefinition<object>, inputs: readonly SymbolicTensor[]): SymbolicTensor | null {
  const widths = new Set(inputs.map(({ features }) => features));
  if (widths.size > 1 || alongTime(inputs).length < inputs.length) return null;
  return inputs.reduce((a, b) => {
    const second = b.mask === null ? b : replaceMasked(0).apply([b, a], { mask: b.mask });
    const first = a.mask === null ? a : replaceMasked(0).apply([a, second], { mask: a.mask });
    return merged(plain, [first, second]);
  });
}

function merged(plain: LayerDefinition<object>, inputs: readonly SymbolicTensor[]): SymbolicTensor {
  return new Layer<object, SymbolicTensor>(plain, {}).apply(inputs);
}
