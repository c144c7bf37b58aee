// TensorFlow.js Layers, as its users call it: model.predict and model.trainOnBatch. Results are read with dataSync().
import { type Tensor, tensor, tensor2d, tensor3d, train, zeros } from '@tensorflow/tfjs-core';
import { input, layers, type LayersModel, model, sequential, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Contender, Peer } from '../contender.js';
import {
  comparedTrainingSteps,
  type LstmWeights,
  lstmWeights,
  sequenceInput,
  type SequenceWork,
  stepInputs,
  type StepWork,
  trainingData,
  trainingWeights,
  type TrainingWork,
} from '../lstm-works.js';
import { type Backend, tfjsVersions, useBackend } from './tfjs-backend.js';
import { epochContender } from './tfjs-fit.js';
import { lstmOptions } from './tfjs-lstm.js';

/** The cpu backend, in plain JavaScript, is here for information and spared sequences and epochs: they take seconds. */
export function tfjs(backend: Backend): Peer {
  return {
    name: `TF.js ${backend}`,
    threads: 1,
    versions: tfjsVersions(backend),
    contend: async (work) => {
      const prepare = () => useBackend(backend);
      await prepare();
      if (work.kind === 'step') return { ...stepContender(work), prepare };
      if (work.kind === 'training') return { ...trainingContender(work), prepare };
      if (work.kind === 'sequence' && backend !== 'cpu') return { ...sequenceContender(work), prepare };
      if (work.kind === 'epoch' && backend !== 'cpu') return { ...epochContender(work), prepare };
      return undefined; // Its Conv1D has no causal padding: "not implemented yet".
    },
  };
}

function stepContender(work: StepWork): Contender {
  const { inputs, units } = work;
  const xs = stepInputs(work).map((x) => tensor3d(x, [1, 1, inputs]));
  const symbols = [input({ shape: [1, inputs] }), input({ shape: [units] }), input({ shape: [units] })];
  const lstm = layers.lstm({ ...lstmOptions, units, returnState: true });
  const [, ...states] = lstm.apply(symbols) as SymbolicTensor[];
  const lstmModel = model({ inputs: symbols, outputs: states });
  setLstmWeights(lstmModel, inputs, units, lstmWeights(inputs, units));
  const linear = layers.activation({ activation: 'linear' });
  const emptyModel = model({
    inputs: symbols,
    outputs: symbols.slice(1).map((state) => linear.apply(state) as SymbolicTensor),
  });

  const stepOf = (stepModel: LayersModel) => {
    let state: Tensor[] = [zeros([1, units]), zeros([1, units])];
    let step = 0;
    return () => {
      const x = xs[step++ % xs.length] as Tensor;
      const next = stepModel.predict([x, ...state]) as [Tensor, Tensor];
      for (const old of state) old.dispose();
      state = next;
      return next[0].dataSync<'float32'>();
    };
  };
  return {
    deferred: false,
    outcome: () => {
      const push = stepOf(lstmModel);
      const rows = new Float32Array(xs.length * units);
      for (let step = 0; step < xs.length; step += 1) rows.set(push(), step * units);
      return rows;
    },
    call: stepOf(lstmModel),
    emptyCall: stepOf(emptyModel),
    close: () => {
      lstmModel.dispose();
      for (const x of xs) x.dispose();
    },
  };
}

function sequenceContender(work: SequenceWork): Contender {
  const { batch, steps, inputs, units } = work;
  const x = tensor3d(sequenceInput(work), [batch, steps, inputs]);
  const stored: Tensor = zeros([batch, steps, units]);
  const lstm = layers.lstm({ ...lstmOptions, units, returnSequences: true, inputShape: [null, inputs] });
  const lstmModel = sequential({ layers: [lstm] });
  setLstmWeights(lstmModel, inputs, units, lstmWeights(inputs, units));
  const emptyModel = sequential({ layers: [layers.activation({ activation: 'linear', inputShape: [null, units] })] });

  const predict = (sequenceModel: LayersModel, tensorIn: Tensor) => {
    const y = sequenceModel.predict(tensorIn) as Tensor;
    const data = y.dataSync<'float32'>();
    y.dispose();
    return data;
  };
  return {
    deferred: false,
    outcome: () => predict(lstmModel, x),
    call: () => predict(lstmModel, x),
    emptyCall: () => predict(emptyModel, stored),
    close: () => {
      lstmModel.dispose();
      x.dispose();
      stored.dispose();
    },
  };
}

function setLstmWeights(lstmModel: LayersModel, inputs: number, units: number, weights: LstmWeights): void {
  const { kernel, recurrentKernel, bias } = weights;
  lstmModel.setWeights([
    tensor2d(kernel, [inputs, 4 * units]),
    tensor2d(recurrentKernel, [units, 4 * units]),
    tensor(bias, [4 * units]),
  ]);
}

function trainingContender(work: TrainingWork): Contender {
  const { batch, steps, inputs, outputs, units, learningRate } = work;
  const data = trainingData(work);
  const x = tensor3d(data.x, [batch, steps, inputs]);
  const y = tensor3d(data.y, [batch, steps, outputs]);

  const compiled = (trained: LayersModel) => {
    trained.compile({ optimizer: train.adam(learningRate, 0.9, 0.999, 1e-7), loss: 'meanSquaredError' });
    return trained;
  };
  const freshModel = () => {
    const lstmModel = sequential({
      layers: [
        layers.lstm({ ...lstmOptions, units, returnSequences: true, inputShape: [null, inputs] }),
        layers.lstm({ ...lstmOptions, units, returnSequences: true }),
        layers.timeDistributed({ layer: layers.dense({ units: outputs }) }),
      ],
    });
    lstmModel.setWeights(trainingWeights(work).map(({ data: values, shape }) => tensor(values, shape)));
    return compiled(lstmModel);
  };
  const trained = freshModel();
  const dense = layers.timeDistributed({ layer: layers.dense({ units: outputs }), inputShape: [null, inputs] });
  const emptyModel = compiled(sequential({ layers: [dense] }));

  return {
    deferred: true,
    outcome: async () => {
      const lstmModel = freshModel();
      const losses = new Float32Array(comparedTrainingSteps);
      for (let step = 0; step < losses.length; step += 1) losses[step] = (await lstmModel.trainOnBatch(x, y)) as number;
      lstmModel.dispose();
      return losses;
    },
    call: () => trained.trainOnBatch(x, y),
    /** Training cannot be empty: one Dense on the same inputs and targets, forward, backward and Adam, comes nearest. */
    emptyCall: () => emptyModel.trainOnBatch(x, y),
    close: () => {
      trained.dispose();
      emptyModel.dispose();
      x.dispose();
      y.dispose();
    },
  };
}
