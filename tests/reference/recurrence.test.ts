/**
 * What time means to the recurrent layers: order, masks, states handed on, sequences without a step.
 */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import type { AnyPass } from './pass.js';
import type { RecurrentConfig } from './recurrence.js';
import { simpleRnn } from './simple-rnn.js';
import {
  addStepInto,
  sizeOf,
  stepOf,
  tensor,
  zeros,
  zerosLike,
  type Mask,
  type Tensor,
  type Tensors,
} from './tensor.js';

interface Layer {
  readonly name: string;
  readonly forward: (
    config: RecurrentConfig,
    inputs: Tensors,
    mask?: Mask,
  ) => AnyPass & { readonly mask: Mask | undefined };
  readonly states: Tensors;
}

const [batch, time, features, units] = [3, 6, 3, 4];
const random = createRandom(7);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape)));
const weights = (gates: number, ...bias: number[]): Tensors => [
  draw(features, gates * units),
  draw(units, gates * units),
  draw(...bias),
];

const [rnnWeights, lstmWeights] = [weights(1, units), weights(4, 4 * units)];
const [gruWeights, resetBeforeWeights] = [weights(3, 2, 3 * units), weights(3, 3 * units)];
const [h0, c0] = [draw(batch, units), draw(batch, units)];

const layers: readonly Layer[] = [
  { name: 'simpleRNN', forward: (config, [x, h], mask) => simpleRnn(config, rnnWeights, [x, h], mask), states: [h0] },
  { name: 'lstm', forward: (config, [x, h, c], mask) => lstm(config, lstmWeights, [x, h, c], mask), states: [h0, c0] },
  { name: 'gru', forward: (config, [x, h], mask) => gru(config, gruWeights, [x, h], mask), states: [h0] },
  {
    name: 'gru without resetAfter',
    forward: (config, [x, h], mask) => gru({ ...config, resetAfter: false }, resetBeforeWeights, [x, h], mask),
    states: [h0],
  },
];

/** The steps of a sequence that are named, in the order in which they are named. */
function pick(sequence: Tensor, steps: readonly number[]): Tensor {
  const picked = zeros(sequence.shape[0], steps.length, sequence.shape[2]);
  steps.forEach((from, to) => addStepInto(picked, to, stepOf(sequence, from)));
  return picked;
}
const backwards = Array.from({ length: time }, (_, t) => time - 1 - t);
const x = draw(batch, time, features);

describe.each(layers)('$name', ({ forward, states }) => {
  const sequence = { units, returnSequences: true };

  test('gives the last step of the sequence, which is the final state', () => {
    const [y, ...finals] = forward(sequence, [x, ...states]).outputs;
    expect(forward({ units }, [x, ...states]).outputs).toEqual([stepOf(y, time - 1), ...finals]);
    expect(finals[0]).toEqual(stepOf(y, time - 1));
  });

  test('starts from zeros unless told otherwise', () => {
    expect(forward(sequence, [x]).outputs).toEqual(forward(sequence, [x, ...states.map(zerosLike)]).outputs);
  });

  test('in two halves, states handed over, is the whole', () => {
    const whole = forward(sequence, [x, ...states]).outputs;
    const [first, ...handed] = forward(sequence, [pick(x, [0, 1]), ...states]).outputs;
    const [second, ...finals] = forward(sequence, [pick(x, [2, 3, 4, 5]), ...handed]).outputs;
    expect([first, second]).toEqual([pick(whole[0], [0, 1]), pick(whole[0], [2, 3, 4, 5])]);
    expect(finals).toEqual(whole.slice(1));
  });

  test('backwards is forwards on the reversed sequence', () => {
    const config = { ...sequence, goBackwards: true };
    expect(forward(config, [x, ...states]).outputs).toEqual(forward(sequence, [pick(x, backwards), ...states]).outputs);
  });

  test('masked is the same as without the masked steps, each of which repeats the state', () => {
    const row = [false, true, false, true, true, false];
    const [y, ...finals] = forward(sequence, [x, ...states], [row, row, row]).outputs;
    const [short, ...shortFinals] = forward(sequence, [pick(x, [1, 3, 4]), ...states]).outputs;
    expect(finals).toEqual(shortFinals);
    expect(stepOf(y, 0)).toEqual(states[0]);
    expect(pick(y, [1, 2, 3, 4, 5])).toEqual(pick(short, [0, 0, 1, 2, 2]));
  });

  test('masked everywhere keeps its initial state', () => {
    const none = Array.from({ length: batch }, () => Array.from({ length: time }, () => false));
    expect(forward({ units }, [x, ...states], none).outputs).toEqual([states[0], ...states]);
  });

  test('learns nothing from masked steps', () => {
    const mask = [backwards.map((t) => t > 1), backwards.map((t) => t === 3), backwards.map(() => false)];
    const { inputs } = forward(sequence, [x, ...states], mask).backward([draw(batch, time, units)]);
    for (let t = 0; t < time; t++) {
      const gradient = stepOf(inputs[0], t);
      mask.forEach((row, b) => {
        const largest = Math.max(...gradient.data.subarray(b * features, (b + 1) * features).map(Math.abs));
        expect(largest > 0).toBe(row[t]);
      });
    }
  });

  test('hands the mask on with the sequence, as it came', () => {
    const mask = [[true, true, true, false, false, false], backwards.map(() => true), backwards.map((t) => t < 2)];
    expect(forward(sequence, [x], mask).mask).toEqual(mask);
    expect(forward({ ...sequence, goBackwards: true }, [x], mask).mask).toEqual(mask);
    expect(forward({ units }, [x], mask).mask).toBeUndefined();
    expect(forward(sequence, [x]).mask).toBeUndefined();
  });

  test('without a step ends as it began', () => {
    const empty = zeros(batch, 0, features);
    expect(forward(sequence, [empty, ...states]).outputs).toEqual([zeros(batch, 0, units), ...states]);
    const pass = forward({ units }, [empty, ...states]);
    expect(pass.outputs).toEqual([states[0], ...states]);
    const dy = draw(batch, units);
    const gradients = pass.backward([dy]);
    expect(gradients.inputs.slice(0, 2)).toEqual([empty, dy]);
    expect(gradients.weights.every(({ data }) => data.every((value) => value === 0))).toBe(true);
  });

  test('goes back as often as one likes', () => {
    const pass = forward(sequence, [x, ...states]);
    const dy = draw(batch, time, units);
    expect(pass.backward([dy])).toEqual(pass.backward([dy]));
  });
});
