// onnxruntime-web on one thread. Its models get and give tensors in its own layout, so no time goes into transposing.
// Preallocated outputs would spare it some work, but version 1.30 fills them with zeros, silently.
import { env, type InferenceSession, Tensor } from 'onnxruntime-web';
import type { Contender, Peer } from '../contender.js';
import { emptySequenceModel, emptyStepModel, sequenceModel, stepModel } from '../onnx/model.js';
import { lstmWeights, sequenceInput, type SequenceWork, stepInputs, type StepWork } from '../lstm-works.js';
import { convolutionContender, waveNetContender } from './onnxruntime-web-convolution.js';
import { floats, open, output, swapLeading } from './onnxruntime-web-session.js';
import { packageVersion } from './package-version.js';

env.wasm.numThreads = 1;

export const onnxruntimeWeb: Peer = {
  name: 'onnxruntime-web',
  threads: 1,
  versions: { 'onnxruntime-web': packageVersion('onnxruntime-web') },
  contend: async (work) => {
    switch (work.kind) {
      case 'step':
        return stepContender(work);
      case 'sequence':
        return sequenceContender(work);
      case 'convolution':
        return convolutionContender(work);
      case 'wavenet':
        return waveNetContender(work);
      default:
        // It does not train, and its convolutions keep no history: a step would be a whole run.
        return undefined;
    }
  },
};

async function stepContender(work: StepWork): Promise<Contender> {
  const inputs = stepInputs(work).map((x) => new Tensor('float32', x, [1, 1, work.inputs]));
  const zeros = () => new Tensor('float32', new Float32Array(work.units), [1, 1, work.units]);
  const session = await open(work.name, stepModel(work, lstmWeights(work.inputs, work.units)));
  const empty = await open(`${work.name}, empty`, emptyStepModel(work));

  const stepOf = (model: InferenceSession) => {
    const feeds: Record<string, Tensor> = { h: zeros(), c: zeros() };
    let step = 0;
    return () => {
      feeds.x = at(inputs, step++ % inputs.length);
      return model.run(feeds).then((results) => {
        feeds.h = output(results, 'next_h');
        feeds.c = output(results, 'next_c');
        return feeds.h;
      });
    };
  };
  return {
    deferred: true,
    outcome: async () => {
      const push = stepOf(session);
      const rows = new Float32Array(inputs.length * work.units);
      for (let step = 0; step < inputs.length; step += 1) rows.set(floats(await push()), step * work.units);
      return rows;
    },
    call: stepOf(session),
    emptyCall: stepOf(empty),
    close: async () => {
      await session.release();
      await empty.release();
    },
  };
}

async function sequenceContender(work: SequenceWork): Promise<Contender> {
  const { batch, steps, inputs, units } = work;
  const x = new Tensor('float32', swapLeading(sequenceInput(work), batch, steps, inputs), [steps, batch, inputs]);
  const session = await open(work.name, sequenceModel(work, lstmWeights(inputs, units)));
  const empty = await open(`${work.name}, empty`, emptySequenceModel(work));
  return {
    deferred: true,
    outcome: async () => swapLeading(floats(output(await session.run({ x }), 'y')), steps, batch, units),
    call: () => session.run({ x }),
    emptyCall: () => empty.run({ x }),
    close: async () => {
      await session.release();
      await empty.release();
    },
  };
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no item ${String(index)}`);
  return item;
}
