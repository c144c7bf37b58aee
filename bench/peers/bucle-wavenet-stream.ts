// A WaveNet in bucle that is streamed a sample at a time.
import { functional, input, layers, sequential, type SymbolicTensor } from 'bucle';
import type { Contender } from '../contender.js';
import { convolutionInput, type WaveNetStepWork, waveNetTaps } from '../convolution-works.js';
import type { Build } from './bucle-build.js';

/** The compared outputs are those of the first steps. */
export function waveNetStepContender(work: WaveNetStepWork, build: Build): Contender {
  const { dilations, outputs } = work;
  const model = waveNetStream(work, build);
  // Long enough that every layer looks back at steps that were there.
  const steps = 2 * dilations.reduce((sum, dilation) => sum + dilation, 0);
  const data = convolutionInput(steps, 1);
  const xs = Array.from({ length: steps }, (_, step) => data.subarray(step, step + 1));
  // One Dense on the same input, with as many outputs, comes nearest to nothing.
  const empty = sequential({ layers: [layers.dense({ units: outputs, inputShape: [null, 1] })], ...build });
  const stepOf = (session: ReturnType<typeof model.stream>) => {
    const out = new Float32Array(outputs);
    let step = 0;
    return () => {
      session.push(xs[step++ % xs.length], out);
      return out;
    };
  };
  return {
    deferred: false,
    outcome: () => {
      const push = stepOf(model.stream());
      const rows = new Float32Array(steps * outputs);
      for (let step = 0; step < steps; step += 1) rows.set(push(), step * outputs);
      return rows;
    },
    call: stepOf(model.stream()),
    emptyCall: stepOf(empty.stream()),
  };
}

/** With the weights that bucle draws: biases are 0. */
export function waveNetStream(
  { channels, dilations, outputs }: Pick<WaveNetStepWork, 'channels' | 'dilations' | 'outputs'>,
  build: Build,
): ReturnType<typeof functional> {
  const convolution = (filters: number, kernelSize = 1, dilationRate = 1, activation: Activation = 'linear') =>
    layers.conv1d({ filters, kernelSize, dilationRate, padding: 'causal', activation });
  const inputs = input({ shape: [null, 1] });
  let x: SymbolicTensor = convolution(channels).apply(inputs);
  const skips: SymbolicTensor[] = [];
  for (const [layer, dilation] of dilations.entries()) {
    const filter = convolution(channels, waveNetTaps, dilation, 'tanh').apply(x);
    const gate = convolution(channels, waveNetTaps, dilation, 'sigmoid').apply(x);
    const z = layers.multiply().apply([filter, gate]);
    skips.push(convolution(channels).apply(z));
    if (layer < dilations.length - 1) x = layers.add().apply([x, convolution(channels).apply(z)]);
  }
  const skip = layers.activation({ activation: 'relu' }).apply(layers.add().apply(skips));
  return functional({ inputs, outputs: convolution(outputs).apply(skip), ...build });
}

type Activation = 'linear' | 'tanh' | 'sigmoid';
