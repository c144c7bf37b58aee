/**
 * The layers of tests/reference/option-cases.ts against the float64 reference, option by option: outputs, and gradients of
 * inputs and weights; and what streams, streamed in chunks, to the bit.
 */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, type Layer, type SymbolicTensor, type TrainableModel } from '../../src/index.js';
import { cotangentsOf } from '../reference/cases.js';
import { describeCase } from '../reference/cases/case.js';
import { relativeError } from '../reference/central-differences.js';
import { optionCases, type OptionCase } from '../reference/option-cases.js';
import { toTensor, type Tensor } from '../reference/tensor.js';

type Make = (options: object) => Layer;
const makers = layers as unknown as Readonly<Record<string, Make | undefined>>;

/** Kinds that want to know their input's length. */
const fixedLength = new Set(['flatten', 'reshape', 'permute', 'prelu', 'dot', 'softmax', 'concatenate']);
/** Kinds whose further inputs are initial states. */
const recurrent = new Set(['simpleRNN', 'lstm', 'gru', 'bidirectional']);

/** The library's layer: a wrapped one is described by its kind and config. */
function layerOf(kind: string, config: Readonly<Record<string, unknown>>): Layer {
  const options: Record<string, unknown> = { ...config };
  for (const name of ['layer', 'backwardLayer']) {
    const inner = options[name] as { layer?: string; config?: Record<string, unknown> } | undefined;
    // The reference hands out final states whether they are asked for or not.
    const states = kind === 'bidirectional' && { returnState: true };
    if (inner?.layer !== undefined) options[name] = layerOf(inner.layer, { ...inner.config, ...states });
  }
  const make = makers[kind];
  if (make === undefined) throw new Error(`no layer ${kind}`);
  return make(options);
}

const maskOf = (one: OptionCase) => ('mask' in one ? one.mask : undefined);

/** What is compared elsewhere: values dropped or added at random, statistics of a batch. */
const isInference = (one: OptionCase): boolean =>
  !('kept' in one && one.kept !== undefined) &&
  !('keep' in one) &&
  !('noise' in one) &&
  !('places' in one) &&
  !('training' in one && one.training);

const cases = optionCases().filter(isInference);

function modelOf(one: OptionCase): TrainableModel {
  const given = one.inputs.map(({ shape }, i) => {
    const [, ...axes] = shape;
    const isState = recurrent.has(one.layer) && i > 0;
    // An axis of length 1 is broadcast where that is known.
    const fixed = fixedLength.has(one.layer) || one.inputs.some((other) => other.shape[1] === 1);
    const free = axes[0] === 0 || (!fixed && !isState && axes.length > 1);
    return input({ shape: free ? [null, ...axes.slice(1)] : axes });
  });
  const [x, ...others] = given;
  const layer = layerOf(one.layer, one.config as Record<string, unknown>);
  const mask = maskOf(one) === undefined ? [] : [input({ shape: [null], dtype: 'bool' })];
  const outputs: SymbolicTensor | SymbolicTensor[] = recurrent.has(one.layer)
    ? layer.apply(x, { ...(others.length > 0 && { initialState: others }), ...(mask.length > 0 && { mask: mask[0] }) })
    : layer.apply(given, mask.length > 0 ? { mask: mask[0] } : {});
  return functional({ inputs: [...given, ...mask], outputs });
}

const numbersOf = (one: OptionCase): (Tensor | number[][])[] => [
  ...one.inputs,
  ...(maskOf(one) === undefined ? [] : [(maskOf(one) ?? []).map((row) => row.map(Number))]),
];

describe('outputs and gradients are the reference’s', () => {
  test.each(cases.map((one) => [one.layer, describeCase(one), one] as const))('%s: %s', (_layer, _what, one) => {
    const model = modelOf(one);
    model.setWeights(one.weights);
    const given = numbersOf(one);
    const pass = one.forward(one.weights, one.inputs);
    const outputs = model.predictAll(given);
    expect(relativeError(outputs.map(toTensor), pass.outputs, 1e-2)).toBeLessThan(1e-5);
    const cotangents = cotangentsOf(one, pass);
    const expected = pass.backward(cotangents);
    const gradients = model.gradients(given, cotangents);
    expect(
      relativeError(gradients.inputs.map(toTensor), expected.inputs.slice(0, one.inputs.length), 1e-2),
    ).toBeLessThan(1e-4);
    const trained = expected.weights.slice(0, one.trained ?? one.weights.length);
    expect(relativeError(gradients.weights.map(toTensor), trained, 1e-2)).toBeLessThan(1e-4);
  });
});

describe('streamed in chunks, to the bit', () => {
  const streaming = cases.filter(
    (one) => one.inputs.length === 1 && one.inputs[0].shape.length === 3 && maskOf(one) === undefined,
  );
  test.each(streaming.map((one) => [one.layer, describeCase(one), one] as const))('%s: %s', (_layer, _what, one) => {
    const model = modelOf(one);
    model.setWeights(one.weights);
    const [x] = one.inputs;
    const [batch, time, features] = x.shape;
    let session;
    try {
      session = model.stream({ batch });
    } catch (error) {
      expect(String(error)).toMatch(/whole sequence|depends on|time axis/);
      return;
    }
    const [whole] = model.predictAll([x]);
    for (const chunk of [1, 2, 3, time]) {
      session.reset();
      const pieces: number[][][] = Array.from({ length: batch }, () => []);
      for (let from = 0; from < time; from += chunk) {
        const steps = Math.min(chunk, time - from);
        const data = new Float32Array(batch * steps * features);
        for (let b = 0; b < batch; b++) {
          data.set(
            x.data.slice((b * time + from) * features, (b * time + from + steps) * features),
            b * steps * features,
          );
        }
        const rows = session.push({ data, shape: [batch, steps, features] }).toArray() as number[][][] | number[][];
        const perRow =
          batch === 1 && !Array.isArray((rows as number[][])[0]?.[0]) ? [rows as number[][]] : (rows as number[][][]);
        perRow.forEach((row, b) => pieces[b].push(...row));
      }
      if (whole.shape.length === 2) {
        expect(
          pieces.map((row) => row.at(-1)),
          `chunks of ${chunk}`,
        ).toEqual(whole.toArray());
      } else {
        const expected = whole.toArray() as number[][][];
        // What only the end of a sequence makes (right padding) is not emitted.
        expect(pieces, `chunks of ${chunk}`).toEqual(expected.map((row, b) => row.slice(0, pieces[b].length)));
        if (expected[0].length > 0) expect(pieces[0].length).toBeGreaterThan(0);
      }
    }
  });
});
