// onnxruntime-web on one thread. Its models get and give tensors in its own layout, so no time goes into transposing.
// Preallocated outputs would spare it some work, but version 1.30 fills them with zeros, silently.
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import type { Contender, Peer } from '../contender.js';
import { writeOnnxFile } from '../onnx/files.js';
import { emptySequenceModel, emptyStepModel, sequenceModel, stepModel } from '../onnx/model.js';
import { lstmWeights, sequenceInput, type SequenceWork, stepInputs, type StepWork } from '../works.js';
import { packageVersion } from './package-version.js';

env.wasm.numThreads = 1;

export const onnxruntimeWeb: Peer = {
  name: 'onnxruntime-web',
  threads: 1,
  versions: { 'onnxruntime-web': packageVersion('onnxruntime-web') },
  contend: async (work) => {
    if (work.kind === 'step') return stepContender(work);
    if (work.kind === 'sequence') return sequenceContender(work);
    return undefined; // It does not train.
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

async function open(name: string, bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(await writeOnnxFile(name, bytes), { executionProviders: ['wasm'] });
}

function output(results: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const value = results[name];
  if (!(value instanceof Tensor)) throw new Error(`onnxruntime-web gave no tensor ${name}`);
  return value;
}

function floats({ data }: Tensor): Float32Array {
  if (!(data instanceof Float32Array)) throw new Error('onnxruntime-web gave a tensor that is not of float32');
  return data;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no item ${String(index)}`);
  return item;
}

/** [first, second, features] as [second, first, features]. */
function swapLeading(data: Float32Array, first: number, second: number, features: number): Float32Array {
  const swapped = new Float32Array(data.length);
  for (let i = 0; i < first; i += 1) {
    for (let j = 0; j < second; j += 1) {
      const row = (i * second + j) * features;
      swapped.set(data.subarray(row, row + features), (j * first + i) * features);
    }
  }
  return swapped;
}
