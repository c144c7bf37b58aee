// Written by hand in the operations of tfjs-core: the LSTM step, for whoever finds model.predict slow, and convolutions, which
// TensorFlow.js Layers does not have causal.
import {
  add,
  matMul,
  mul,
  sigmoid,
  split,
  tanh,
  tensor1d,
  tensor2d,
  type Tensor2D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Contender, Peer } from '../contender.js';
import { lstmWeights, stepInputs, type StepWork } from '../lstm-works.js';
import { tfjsVersions, useBackend } from './tfjs-backend.js';
import { convolutionContender, waveNetContender } from './tfjs-core-convolution.js';

export const tfjsCore: Peer = {
  name: 'TF.js wasm, core operations',
  threads: 1,
  versions: tfjsVersions('wasm'),
  contend: async (work) => {
    const prepare = () => useBackend('wasm');
    await prepare();
    switch (work.kind) {
      case 'step':
        return { ...stepContender(work), prepare };
      case 'convolution':
        return { ...convolutionContender(work), prepare };
      case 'wavenet':
        return { ...waveNetContender(work), prepare };
      default:
        return undefined;
    }
  },
};

function stepContender(work: StepWork): Contender {
  const { inputs, units } = work;
  const weights = lstmWeights(inputs, units);
  const kernel = tensor2d(weights.kernel, [inputs, 4 * units]);
  const recurrentKernel = tensor2d(weights.recurrentKernel, [units, 4 * units]);
  const bias = tensor1d(weights.bias);
  const xs = stepInputs(work).map((x) => tensor2d(x, [1, inputs]));

  const cell = (x: Tensor2D, [h, c]: readonly [Tensor2D, Tensor2D]): [Tensor2D, Tensor2D] => {
    const z = add(add(matMul(x, kernel), matMul(h, recurrentKernel)), bias);
    const [i, f, g, o] = split(z, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    const nextC: Tensor2D = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
    return [mul(sigmoid(o), tanh(nextC)), nextC];
  };
  const pushing = () => {
    let state: [Tensor2D, Tensor2D] = [zeros([1, units]), zeros([1, units])];
    let step = 0;
    return () => {
      const next = tidy(() => cell(xs[step++ % xs.length], state));
      for (const old of state) old.dispose();
      state = next;
      return next[0].dataSync<'float32'>();
    };
  };
  return {
    deferred: false,
    outcome: () => {
      const push = pushing();
      const rows = new Float32Array(xs.length * units);
      for (let step = 0; step < xs.length; step += 1) rows.set(push(), step * units);
      return rows;
    },
    call: pushing(),
    close: () => {
      for (const value of [kernel, recurrentKernel, bias, ...xs]) value.dispose();
    },
  };
}
