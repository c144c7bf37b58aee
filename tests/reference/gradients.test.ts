/**
 * The reference's backward against central differences of its forward, for every layer × option of the table, and the
 * proof that the check can fail.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { layerCases, type LayerCase } from './cases.js';
import { cotangentsOf, describeCase } from './cases/case.js';
import { centralDifferences, relativeError } from './central-differences.js';
import type { Gradients } from './pass.js';
import { map, type Tensor, type Tensors } from './tensor.js';

/** Central differences of this table are good to 1.1e-8; one per cent of one gate is far above this. */
const limit = 2e-8;

type Tamper = (gradients: Gradients<Tensors>) => Gradients<Tensors>;

function gradientError(of: LayerCase, tamper: Tamper = (gradients) => gradients): number {
  const pass = of.forward(of.weights, of.inputs);
  const cotangents = cotangentsOf(of, pass);
  const expected = centralDifferences(of.forward, of.weights, of.inputs, cotangents);
  const gradients = tamper(pass.backward(cotangents));
  const trained = of.trained ?? of.weights.length;
  // The gradients of initial states that were not given have nothing to be compared with.
  const ours = [...gradients.weights.slice(0, trained), ...gradients.inputs.slice(0, of.inputs.length)];
  return relativeError(ours, [...expected.weights.slice(0, trained), ...expected.inputs]);
}

describe("the reference's gradients are the central differences of its outputs", () => {
  const rows: string[] = [];
  afterAll(() => console.log(['layer            max relative error   options', ...rows].join('\n')));

  test.each(layerCases().map((of) => [of.layer, describeCase(of), of] as const))('%s: %s', (layer, options, of) => {
    const error = gradientError(of);
    rows.push(`${layer.padEnd(16)} ${error.toExponential(1).padStart(18)}   ${options}`);
    expect(error).toBeLessThan(limit);
  });

  test('each case is in the table once', () => {
    const cases = layerCases();
    const names = cases.map((of) => `${of.layer}: ${describeCase(of)}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("the check fails if one gate's gradient is one per cent too large", () => {
  const gates: Partial<Record<LayerCase['layer'], readonly string[]>> = {
    simpleRNN: ['h'],
    lstm: ['i', 'f', 'c', 'o'],
    gru: ['z', 'r', 'h'],
  };

  /** The gate's columns of kernel, recurrent kernel and bias. */
  const tampered = (gateIndex: number, count: number): Tamper => {
    const inGate = (gradient: Tensor): Tensor => {
      const columns = gradient.shape[gradient.shape.length - 1];
      const width = columns / count;
      return map(gradient, (value, i) => (Math.floor((i % columns) / width) === gateIndex ? 1.01 * value : value));
    };
    return ({ inputs, weights }) => ({ inputs, weights: weights.map(inGate) });
  };

  // Of each kind of cell the plainest case.
  const plain = ({ config, note }: LayerCase): boolean =>
    note === undefined && Object.keys(config).every((option) => option === 'units' || option === 'resetAfter');
  const table = layerCases()
    .filter(plain)
    .flatMap((of) => {
      const names = gates[of.layer] ?? [];
      return names.map((gate, index) => [`${of.layer} ${describeCase(of)}`, gate, of, index, names.length] as const);
    });

  test('for each gate of each kind of cell', () => {
    expect(table.map(([, gate]) => gate).join('')).toBe('hifcozrhzrh');
  });
  test.each(table)('%s, gate %s', (_name, _gate, of, index, count) => {
    expect(gradientError(of)).toBeLessThan(limit);
    expect(gradientError(of, tampered(index, count))).toBeGreaterThan(1e-4);
  });
});
