// TensorFlow.js Layers' fit, without the pauses that it makes for others.
import { tensor, tensor3d, train } from '@tensorflow/tfjs-core';
import { layers, type LayersModel, sequential } from '@tensorflow/tfjs-layers';
import type { Contender } from '../contender.js';
import { type EpochWork, epochWeights } from '../fit-works.js';
import { lstmOptions } from './tfjs-lstm.js';

export function epochContender(work: EpochWork): Contender {
  const { inputs, units, outputs, batch, learningRate } = work;
  const rows = work.rows();
  const x = tensor3d(rows.x.data, rows.x.shape as [number, number, number]);
  const y = tensor3d(rows.y.data, rows.y.shape as [number, number, number]);
  const freshModel = () => {
    const model = sequential({
      layers: [
        layers.lstm({ ...lstmOptions, units, returnSequences: true, inputShape: [null, inputs] }),
        layers.timeDistributed({ layer: layers.dense({ units: outputs }) }),
      ],
    });
    model.setWeights(epochWeights(work).map(({ data, shape }) => tensor(data, shape)));
    model.compile({ optimizer: train.adam(learningRate, 0.9, 0.999, 1e-7), loss: 'meanSquaredError' });
    return model;
  };
  const fit = (model: LayersModel) =>
    model.fit(x, y, { epochs: 1, batchSize: batch, shuffle: false, yieldEvery: 'never' });
  const trained = freshModel();
  return {
    deferred: true,
    outcome: async () => {
      const model = freshModel();
      const { history } = await fit(model);
      model.dispose();
      return Float32Array.from(history.loss as number[]);
    },
    call: () => fit(trained),
    close: () => {
      trained.dispose();
      x.dispose();
      y.dispose();
    },
  };
}
