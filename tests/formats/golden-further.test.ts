/** Every further model of TensorFlow.js, from its own file: what it predicted, we predict. */
import { expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { loadModel } from '../../src/inference.js';
import { assertGolden } from '../golden-data.js';
import { furtherLayerCases, loadFurtherLayerCase } from '../reference/further-golden.js';

test.each(furtherLayerCases)('%s', (name) => {
  const golden = loadFurtherLayerCase(name);
  const { modelJson, weightBytes } = golden.readModelFile();
  const model = loadModel(readTfjs(modelJson, weightBytes));
  const inputs = golden.readSeries('input');
  const outputs = model.predictAll(inputs);
  golden.readSeries('output').forEach((theirs, i) => {
    expect(outputs[i].shape).toEqual(theirs.shape);
    assertGolden(`output ${i}`, outputs[i].data, theirs.data, 'output');
  });
});
