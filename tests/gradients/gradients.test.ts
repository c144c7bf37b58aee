/** The kernels' forward and backward passes against the float64 reference's, layer by layer, option by option. */
import { afterAll, describe, expect, test } from 'vitest';
import { layers } from '../../src/index.js';
import { layerCases, type LayerCase } from '../reference/cases.js';
import { describeCase } from '../reference/cases/case.js';
import { compareWithReference, inferenceCases, limits, type Errors } from './library-against-reference.js';
import { longGroups, sizedGroups, type Group } from './sized-cases.js';

const cases = inferenceCases();

const rows: string[] = [];
const addRow = (layer: string, { output, inputs, weights }: Errors, what: string): void => {
  const errors = [output, inputs, weights].map((error) => error.toExponential(1)).join('  ');
  rows.push(`${layer.padEnd(16)} ${errors}  ${what}`);
};
afterAll(() => {
  console.log(['layer            output   inputs   weights  options', ...rows].join('\n'));
});

function expectWithinLimits({ output, inputs, weights }: Errors): void {
  expect(output).toBeLessThan(limits.output);
  expect(inputs).toBeLessThan(limits.inputs);
  expect(weights).toBeLessThan(limits.weights);
}

describe('the library’s gradients are the reference’s, option by option', () => {
  test('the table has every layer', () => {
    const composed = ['custom', 'input'];
    const kinds = layerCases().map(({ layer }) => layer);
    expect([...new Set([...kinds, ...composed])].sort()).toEqual(Object.keys(layers).sort());
    const random = ['dropout', 'gaussianNoise', 'spatialDropout1d'];
    expect([...new Set([...cases.map(({ layer }) => layer), ...random, ...composed])].sort()).toEqual(
      Object.keys(layers).sort(),
    );
    for (const groups of [sizedGroups(), longGroups()]) {
      expect(groups.map(([kind]) => kind).sort()).toEqual([
        'activation',
        'conv1d',
        'dense',
        'gru',
        'lstm',
        'masking',
        'simpleRNN',
        'timeDistributed',
      ]);
    }
  });

  test.each(cases.map((one) => [one.layer, describeCase(one), one] as const))('%s: %s', (layer, what, one) => {
    const errors = compareWithReference([one]);
    addRow(layer, errors, what);
    expectWithinLimits(errors);
  });
});

/** Numbers of words, which Embedding takes, have no gradient. */
const differentiable = cases.filter(({ layer }) => layer !== 'embedding');

test.each(differentiable.map((one) => [one.layer, describeCase(one), one] as const))(
  'what comes back is added to what an input has already, %s: %s',
  (_layer, _what, one) => {
    expectWithinLimits(compareWithReference([one], { sharesInputs: true }));
  },
);

describe('the library’s gradients are the reference’s, whatever the sizes', () => {
  /** Compares the groups of a kind of layer; they are one row of the table. */
  function compareGroups(layer: string, groups: readonly Group[], what: string): void {
    const errors = groups.map(({ cases: group, returnState }) => {
      const found = compareWithReference(group, { returnState });
      expect(shareOf(found), `${describeCase(group[0])}: share of what is allowed`).toBeLessThan(1);
      return found;
    });
    const largest = (kind: keyof Errors): number => Math.max(...errors.map((error) => error[kind]));
    const worst = { output: largest('output'), inputs: largest('inputs'), weights: largest('weights') };
    addRow(layer, worst, `${groups.flatMap((group) => group.cases).length} cases ${what}, options drawn`);
  }

  const shareOf = ({ output, inputs, weights }: Errors): number =>
    Math.max(output / limits.output, inputs / limits.inputs, weights / limits.weights);

  test.each(sizedGroups())('%s, all odd sizes', (layer, groups) => {
    expect(groups.flatMap(({ cases: group }) => group).length).toBe(648);
    compareGroups(layer, groups, 'of all odd sizes');
  });

  test.each(longGroups())('%s, over several blocks of 256 rows', (layer, groups) => {
    compareGroups(layer, groups, 'of 540 rows');
  });
});

describe('the comparison fails if one gate’s gradient is one per cent too large', () => {
  const gates: Partial<Record<LayerCase['layer'], string>> = { simpleRNN: 'h', lstm: 'ifco', gru: 'zrh' };
  const isPlain = ({ config, note }: LayerCase): boolean =>
    note === undefined && Object.keys(config).every((option) => option === 'units' || option === 'resetAfter');
  const table = cases
    .filter(isPlain)
    .flatMap((one) =>
      Array.from(gates[one.layer] ?? '').flatMap((gate, index, { length }) =>
        ['kernel', 'recurrent kernel', 'bias'].map(
          (weight, nth) =>
            [`${one.layer} ${describeCase(one)}`, gate, weight, { one, index, gateCount: length, nth }] as const,
        ),
      ),
    );

  test('for each gate of each kind of cell, and each of its weights', () => {
    expect(table.map(([, gate]) => gate).filter((_, i) => i % 3 === 0)).toEqual(Array.from('hifcozrhzrh'));
  });

  test.each(table)('%s, gate %s, %s', (_name, _gate, _weight, { one, index, gateCount, nth }) => {
    const spoil = (weights: readonly Float32Array[]): void => {
      const { shape } = one.weights[nth];
      const columns = shape[shape.length - 1];
      weights[nth].forEach((value, i) => {
        const isOfGate = Math.floor((gateCount * (i % columns)) / columns) === index;
        if (isOfGate) weights[nth][i] = 1.01 * value;
      });
    };
    expectWithinLimits(compareWithReference([one]));
    expect(compareWithReference([one], { spoil }).weights).toBeGreaterThan(limits.weights);
  });
});
