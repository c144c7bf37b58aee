// bucle itself, as its users call it.
import { layers, optimizers, sequential } from 'bucle';
import { relaxed } from 'bucle/relaxed';
import { readFileSync } from 'node:fs';
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
import type { Work } from '../works.js';
import type { Build } from './bucle-build.js';
import { convolutionContender, waveNetContender } from './bucle-convolution.js';
import { epochContender } from './bucle-fit.js';
import { waveNetStepContender } from './bucle-wavenet-stream.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const bucle: Peer = peer('bucle', {});
export const bucleRelaxed: Peer = peer('bucle, relaxed', { kernels: relaxed });

function peer(name: string, build: Build): Peer {
  return {
    name,
    threads: 1,
    versions: { bucle: version },
    contend: (work) => Promise.resolve(contender(work, build)),
  };
}

function contender(work: Work, build: Build): Contender | undefined {
  switch (work.kind) {
    case 'step':
      return stepContender(work, build);
    case 'sequence':
      return sequenceContender(work, build);
    case 'training':
      return trainingContender(work, build);
    case 'convolution':
      return convolutionContender(work, build);
    case 'wavenet':
      return waveNetContender(work, build);
    case 'wavenet step':
      return waveNetStepContender(work, build);
    case 'epoch':
      return epochContender(work, build);
    default:
      return undefined; // What bucle does in several ways of its own: ./bucle-way.ts.
  }
}

function stepContender(work: StepWork, build: Build): Contender {
  const { inputs, units } = work;
  const xs = stepInputs(work);
  const model = lstmModel(work, build);
  // Of the inputs and outputs of a step only x and h cross the border: the states stay inside.
  const empty = sequential({
    layers: [layers.activation({ activation: 'linear', inputShape: [null, inputs] })],
    ...build,
  });

  const stepOf = (session: ReturnType<typeof model.stream>, out: Float32Array) => {
    let step = 0;
    return () => {
      session.push(xs[step++ % xs.length], out);
      return out;
    };
  };
  return {
    deferred: false,
    outcome: () => {
      const push = stepOf(model.stream(), new Float32Array(units));
      const rows = new Float32Array(xs.length * units);
      for (let step = 0; step < xs.length; step += 1) rows.set(push(), step * units);
      return rows;
    },
    call: stepOf(model.stream(), new Float32Array(units)),
    emptyCall: stepOf(empty.stream(), new Float32Array(inputs)),
  };
}

function sequenceContender(work: SequenceWork, build: Build): Contender {
  const { batch, steps, inputs, units } = work;
  const x = { data: sequenceInput(work), shape: [batch, steps, inputs] };
  const model = lstmModel(work, build);
  const stored = { data: new Float32Array(batch * steps * units), shape: [batch, steps, units] };
  const empty = sequential({
    layers: [layers.activation({ activation: 'linear', inputShape: [null, units] })],
    ...build,
  });
  return {
    deferred: false,
    outcome: () => model.predict(x).data,
    call: () => model.predict(x),
    emptyCall: () => empty.predict(stored),
  };
}

function lstmModel({ inputs, units }: StepWork | SequenceWork, build: Build) {
  const model = sequential({
    layers: [layers.lstm({ units, returnSequences: true, inputShape: [null, inputs] })],
    ...build,
  });
  const { kernel, recurrentKernel, bias }: LstmWeights = lstmWeights(inputs, units);
  model.setWeights([
    { data: kernel, shape: [inputs, 4 * units] },
    { data: recurrentKernel, shape: [units, 4 * units] },
    { data: bias, shape: [4 * units] },
  ]);
  return model;
}

function trainingContender(work: TrainingWork, build: Build): Contender {
  const { batch, steps, inputs, outputs, units, learningRate } = work;
  const data = trainingData(work);
  const x = { data: data.x, shape: [batch, steps, inputs] };
  const y = { data: data.y, shape: [batch, steps, outputs] };

  const freshModel = () => {
    const model = sequential({
      layers: [
        layers.lstm({ units, returnSequences: true, inputShape: [null, inputs] }),
        layers.lstm({ units, returnSequences: true }),
        layers.timeDistributed({ layer: layers.dense({ units: outputs }) }),
      ],
      ...build,
    });
    model.setWeights(trainingWeights(work));
    model.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'meanSquaredError' });
    return model;
  };
  const trained = freshModel();
  const empty = sequential({
    layers: [layers.timeDistributed({ layer: layers.dense({ units: outputs }), inputShape: [null, inputs] })],
    ...build,
  });
  empty.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'meanSquaredError' });

  return {
    deferred: false,
    outcome: () => {
      const model = freshModel();
      return Float32Array.from({ length: comparedTrainingSteps }, () => model.trainOnBatch(x, y).loss);
    },
    call: () => trained.trainOnBatch(x, y),
    /** One Dense on the same inputs and targets, forward, backward and Adam, as for the peers. */
    emptyCall: () => empty.trainOnBatch(x, y),
  };
}
