/** Values that an option of a kind must refuse. */
export const nonsense = {
  positiveInteger: [0, -2, 2.5, NaN, Infinity, '4', null, true, [4, 4], {}],
  flag: [0, 1, 'true', null, NaN],
  name: ['', 5, null, true, NaN],
  shape: ['3', 5, null, NaN, [0], [-1], [1.5], [NaN], ['3'], [undefined]],
  activation: ['tahn', 'Tanh', '', 'toString', '__proto__', 3, null, NaN, {}, ['tanh'], ['swish']],
  initializer: ['glorot', 'toString', 3, null, NaN, {}, { kind: 'constant', value: NaN }],
  regularizer: ['l3', 'toString', 'L2', 3, null, NaN, {}, { kind: 'l1l2', l1: -1 }, { kind: 'l1l2', l2: NaN }],
  constraint: [
    'maxnorm',
    'toString',
    3,
    null,
    NaN,
    {},
    { kind: 'maxNorm', maxValue: 0 },
    { kind: 'unitNorm', axis: 4 },
  ],
  rate: [-0.1, 1, 1.5, NaN, '0.5', null, true],
  finite: [NaN, Infinity, '0', null, true],
  positive: [0, -0.1, NaN, Infinity, '0.1', null, true],
  seed: [-1, 0.5, NaN, 2 ** 32, '1', null],
  object: [5, 'relaxed', null, true, NaN, {}],
} as const;

/** By option: what it must refuse. */
export type Table = Readonly<Record<string, readonly unknown[]>>;

/** Something that takes options. */
export type Make = (options: object) => unknown;

/** The option names that an error about an unknown one lists. */
export function knownOptions(error: unknown): string[] {
  const found = error instanceof Error ? /unknown option "nonsense"; known: (.*)$/.exec(error.message) : null;
  if (found === null) throw new Error(`not an error about an unknown option: ${String(error)}`);
  return found[1].split(', ').sort();
}

/** What a call throws; fails when it does not. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error, got none');
}
