/** The kernels' forward and backward passes against the float64 reference's, layer by layer, option by option. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, type SymbolicTensor } from '../../src/index.js';
import { cotangentsOf, describeCase, gradientCases, passOf, type LayerCase } from '../reference/cases.js';
import { relativeError } from '../reference/central-differences.js';
import type { Tensor } from '../reference/tensor.js';

/** Relative to the largest value of a tensor (float32 against float64). */
const limits = { output: 1e-5, gradient: 1e-4 };

// Dropout's mask is drawn by counters, so it is tested apart; gradients() runs without dropout.
const cases = gradientCases().filter((one) => one.layer !== 'dropout');

interface Errors {
  readonly output: number;
  readonly inputs: number;
  readonly weights: number;
}

function compare(one: LayerCase, spoil: (weights: Float32Array[]) => void = () => undefined): Errors {
  const reference = passOf(one);
  const cotangents = cotangentsOf(one, reference);
  const { inputs: dInputs, weights: dWeights } = reference.backward(cotangents);

  const [x, ...states] = one.inputs;
  const sequence = input({ shape: x.shape.length === 3 ? [null, x.shape[2]] : [x.shape[1]] });
  const initial = states.map((state) => input({ shape: [state.shape[1]] }));
  const mask = 'mask' in one && one.mask !== undefined ? input({ shape: [null], dtype: 'bool' }) : null;
  const made = layerOf(one);
  const result = made.apply(sequence, {
    ...(initial.length > 0 ? { initialState: initial } : {}),
    ...(mask === null ? {} : { mask }),
  });
  const outputs = Array.isArray(result) ? result : [result];
  const given: SymbolicTensor[] = [sequence, ...initial, ...(mask === null ? [] : [mask])];
  const model = functional({ inputs: given, outputs });
  model.setWeights(one.weights.map(plain));
  const values = [
    ...one.inputs.map(plain),
    ...('mask' in one && one.mask !== undefined ? [one.mask.map((row) => row.map(Number))] : []),
  ];
  const ours = model.predictAll(values);
  const gradients = model.gradients(values, cotangents.slice(0, outputs.length).map(plain));
  const weightGradients = gradients.weights.map(({ data }) => data);
  spoil(weightGradients);
  return {
    output: errorOf(
      ours.map(({ data }) => data),
      reference.outputs.slice(0, outputs.length),
    ),
    inputs: errorOf(
      gradients.inputs.map(({ data }) => data),
      dInputs.slice(0, one.inputs.length),
    ),
    weights: errorOf(weightGradients, dWeights),
  };
}

function errorOf(ours: readonly Float32Array[], theirs: readonly Tensor[]): number {
  expect(ours.length).toBe(theirs.length);
  return relativeError(
    ours.map((data, i) => ({ shape: theirs[i].shape, data: Float64Array.from(data) })),
    theirs,
  );
}

function plain({ data, shape }: Tensor): { data: Float64Array; shape: readonly number[] } {
  return { data, shape };
}

function layerOf(one: LayerCase) {
  switch (one.layer) {
    case 'activation':
      return layers.activation(one.config);
    case 'conv1d':
      return layers.conv1d({ ...one.config, padding: 'causal' });
    case 'dense':
      return layers.dense(one.config);
    case 'masking':
      return layers.masking(one.config);
    case 'timeDistributed':
      return layers.timeDistributed({ layer: layers.dense(one.config.layer) });
    case 'dropout':
      return layers.dropout({ rate: 0.5 });
    case 'simpleRNN':
      return layers.simpleRNN({ ...one.config, returnState: true } as never);
    case 'lstm':
      return layers.lstm({ ...one.config, returnState: true } as never);
    case 'gru':
      return layers.gru({ ...one.config, returnState: true } as never);
  }
}

describe('WASM against the float64 reference', () => {
  const rows: string[] = [];
  test.each(cases.map((one, i) => [i, one.layer, describeCase(one), one] as const))(
    '%i %s: %s',
    (_, layer, what, one) => {
      const errors = compare(one);
      rows.push(
        `${layer.padEnd(16)} ${Object.values(errors)
          .map((error: number) => error.toExponential(1))
          .join('  ')}  ${what}`,
      );
      expect(errors.output).toBeLessThan(limits.output);
      expect(errors.inputs).toBeLessThan(limits.gradient);
      expect(errors.weights).toBeLessThan(limits.gradient);
    },
  );

  test('the table has every layer', () => {
    console.log(['layer            output   inputs   weights  options', ...rows].join('\n'));
    const kinds = ['activation', 'conv1d', 'dense', 'gru', 'lstm', 'masking', 'simpleRNN', 'timeDistributed'];
    expect([...new Set(cases.map(({ layer }) => layer))].sort()).toEqual(kinds);
    expect(rows.length).toBe(cases.length);
  });

  test('with one gate’s gradient a hundredth too large the comparison fails', () => {
    const lstm = cases.find(({ layer }) => layer === 'lstm');
    if (lstm === undefined) throw new Error('the table has no LSTM');
    const forgetGate = (weights: Float32Array[]): void => {
      const [kernel] = weights;
      const columns = lstm.weights[0].shape[1];
      for (let i = 0; i < kernel.length; i++) {
        if (Math.floor((4 * (i % columns)) / columns) === 1) kernel[i] *= 1.01;
      }
    };
    expect(compare(lstm).weights).toBeLessThan(limits.gradient);
    expect(compare(lstm, forgetGate).weights).toBeGreaterThan(limits.gradient);
  });
});
