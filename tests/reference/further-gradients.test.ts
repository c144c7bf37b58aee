/** The reference's backward against central differences of its forward, for the further cases of the table. */
import { describe, expect, test } from 'vitest';
import { cotangentsOf, describeCase } from './cases/case.js';
import { centralDifferences, relativeError } from './central-differences.js';
import { furtherCases, type FurtherCase } from './further-cases.js';

const limit = 1e-8;

function gradientError(of: FurtherCase): number {
  const pass = of.forward(of.weights, of.inputs);
  const cotangents = cotangentsOf(of, pass);
  const expected = centralDifferences(of.forward, of.weights, of.inputs, cotangents);
  const gradients = pass.backward(cotangents);
  const trained = of.trained ?? of.weights.length;
  const ours = [...gradients.weights.slice(0, trained), ...gradients.inputs.slice(0, of.inputs.length)];
  return relativeError(ours, [...expected.weights.slice(0, trained), ...expected.inputs]);
}

describe("the reference's gradients are the central differences of its outputs", () => {
  test.each(furtherCases().map((of) => [of.layer, describeCase(of), of] as const))('%s: %s', (_layer, _options, of) => {
    expect(gradientError(of)).toBeLessThan(limit);
  });

  test('each case is there once', () => {
    const names = furtherCases().map((of) => `${of.layer}: ${describeCase(of)}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
