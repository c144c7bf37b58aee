import { axesBetween } from '../graph/copy.js';
import type { Layer, LayerDefinition, LayerOptions, OutputSpec, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, optional } from '../options/options.js';
import { known } from '../plan/known.js';
import { add, multiply, type Size } from '../plan/size.js';
import { copyLayer, type InputCopy } from './copying.js';
import { axisButTheBatch, noStates } from './expectations.js';
import { makeLayer } from './make-layer.js';
import { emitJoinedMask, emitMergedMask, joinedMask, mergedMask } from './merged-mask.js';

export interface ConcatenateOptions extends LayerOptions {
  /** Which axis grows, counted with the batch; −1: the last one. Any but the batch. Default −1. */
  axis?: number;
}

export interface ConcatenateConfig {
  readonly axis: number;
}

const copying = /* @__PURE__ */ copyLayer<ConcatenateConfig>({
  className: 'Concatenate',
  joins: (config, inputs) =>
    isTime(config, inputs[0]?.shape.length ?? 0) ? [] : inputs.filter(({ time }) => time !== null),
  outputs: (config, call, name) => {
    const { inputs } = call;
    noStates(name, call);
    const first = known(inputs[0], name);
    const rank = first.shape.length;
    const { axis: wanted } = config;
    const along = wanted < 0 ? rank + wanted : wanted;
    if (along < 1 || along >= rank) mismatch(name, `an axis from 1 to ${rank - 1}`, wanted);
    for (const { shape } of inputs) {
      const fits =
        shape.length === rank && shape.every((n, i) => i === along || mayBeEqual(n, first.shape[i] ?? null, i));
      if (!fits) mismatch(name, `inputs as ${printShape(first.shape)} but for axis ${along}`, printShape(shape));
    }
    const lengths = inputs.map(({ shape }) => shape[along] ?? null);
    const length = lengths.reduce((sum, n) => (sum === null || n === null ? null : sum + n), 0);
    const inTime = isTime(config, rank);
    const time = inTime ? inputs.reduce<Size>((sum, { time: steps }) => add(sum, steps ?? 1), 0) : first.time;
    const mask = inTime ? joinedMask(name, call) : mergedMask(name, call, inputs);
    const shape = first.shape.map((n, i) => (i === along ? length : n));
    const output: OutputSpec = { shape, time, batch: first.batch, mask };
    return [output];
  },
  // Along time, what comes later can begin only when what comes before has ended.
  needsWhole: (config, rank) => isTime(config, rank),
  copies: (context, { axis: wanted }) => {
    const output = context.viewOf('output');
    const along = wanted < 0 ? output.lengths.length + wanted : wanted;
    let toOffset: Size = 0;
    return Array.from({ length: context.inputs }, (_, input): InputCopy => {
      const { lengths, strides } = context.viewOf(input);
      const copy = { input, axes: axesBetween(lengths, strides, output.strides), toOffset };
      toOffset = add(toOffset, multiply(lengths[along] ?? 0, output.strides[along] ?? 0));
      return copy;
    });
  },
});

const definition: LayerDefinition<ConcatenateConfig> = /* @__PURE__ */ {
  ...copying,
  forward: (context, config) => {
    if (isTime(config, context.viewOf(0).lengths.length)) emitJoinedMask(context);
    else emitMergedMask(context);
    copying.forward?.(context, config);
  },
};

/** Lengths of an axis: that of the batch, and the number of steps, may be known in a run alone. */
function mayBeEqual(a: number | null, b: number | null, axis: number): boolean {
  return a === b || (axis < 2 && (a === null || b === null));
}

/** Whether it is time that grows, of inputs of this rank. */
function isTime({ axis: wanted }: ConcatenateConfig, rank: number): boolean {
  return rank > 2 && (wanted < 0 ? rank + wanted : wanted) === 1;
}

/**
 * Inputs one behind the other along an axis but the batch; their other axes must be equal. As `keras.layers.Concatenate`.
 * @throws TypeError when the shapes do not fit.
 */
export function concatenate(options: ConcatenateOptions = {}): Layer<ConcatenateConfig, SymbolicTensor> {
  return makeLayer(definition, { axis: optional(axisButTheBatch, -1) }, options);
}
