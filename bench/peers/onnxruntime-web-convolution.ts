// Convolution over whole sequences in onnxruntime-web, whose layout has time last.
import { Tensor } from 'onnxruntime-web';
import type { Contender } from '../contender.js';
import { convolutionInput, type ConvolutionWork, type WaveNetWork } from '../convolution-works.js';
import { convolutionModel, emptyConvolutionModel, waveNetModel } from '../onnx/convolution-model.js';
import { floats, open, output, swapLeading } from './onnxruntime-web-session.js';

export function convolutionContender(work: ConvolutionWork): Promise<Contender> {
  return contender(work.name, convolutionModel(work), work.inputs, work.filters, work.steps);
}

export function waveNetContender(work: WaveNetWork): Promise<Contender> {
  return contender(work.name, waveNetModel(work), work.channels, work.channels, work.steps);
}

async function contender(
  name: string,
  bytes: Uint8Array,
  inputs: number,
  outputs: number,
  steps: number,
): Promise<Contender> {
  const x = new Tensor('float32', swapLeading(convolutionInput(steps, inputs), steps, inputs, 1), [1, inputs, steps]);
  const session = await open(name, bytes);
  const empty = await open(`${name}, empty`, emptyConvolutionModel(inputs, outputs, steps));
  return {
    deferred: true,
    outcome: async () => swapLeading(floats(output(await session.run({ x }), 'y')), outputs, steps, 1),
    call: () => session.run({ x }),
    emptyCall: () => empty.run({ x }),
    close: async () => {
      await session.release();
      await empty.release();
    },
  };
}
