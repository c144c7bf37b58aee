/** Fields of a TensorFlow.js file: what each means here, and that none of those that would change results is passed over. */
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../src/inference.js';
import { handMadeLstm, readHandMade } from './hand-made.js';

const optionsOf = (changes: Record<string, unknown>) => readHandMade(handMadeLstm(changes)).topology.layers[1].options;

const predictionOf = (changes: Record<string, unknown>) =>
  loadModel(readHandMade(handMadeLstm(changes))).predict([[[0.5], [-1], [2]]]).data;

describe('activations', () => {
  test.each(['activation', 'recurrent_activation'])('%s: null is linear, as in Keras', (field) => {
    expect(predictionOf({ [field]: null })).toEqual(predictionOf({ [field]: 'linear' }));
    expect(predictionOf({ [field]: null })).not.toEqual(predictionOf({}));
  });

  test.each([
    [
      'a layer',
      { class_name: 'LeakyReLU', config: { alpha: 0.2 } },
      '{"class_name":"LeakyReLU","config":{"alpha":0.2}}',
    ],
    ['a number', 3, '3'],
    ['a flag', false, 'false'],
  ])('%s in place of a name is refused', (_, value, came) => {
    const expected = `model.json: lstm: activation: expected an activation's name, got ${came}`;
    expect(() => readHandMade(handMadeLstm({ activation: value }))).toThrow(expected);
  });

  test('a name that bucle does not know is refused when the model is built', () => {
    expect(() => predictionOf({ activation: 'toString' })).toThrow(
      /lstm: activation: expected one of .*, got 'toString'/,
    );
  });

  test.each(['hard_sigmoid', 'hardSigmoid'])("%s is TensorFlow.js's, not that of Keras 3", (name) => {
    expect(optionsOf({ recurrent_activation: name }).recurrentActivation).toBe('hardSigmoidLegacy');
  });
});
