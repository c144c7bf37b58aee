// What the works of onnxruntime-web share: opening a model, reading its outputs, changing between layouts.
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { writeOnnxFile } from '../onnx/files.js';

export async function open(name: string, bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(await writeOnnxFile(name, bytes), { executionProviders: ['wasm'] });
}

export function output(results: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const value = results[name];
  if (!(value instanceof Tensor)) throw new Error(`onnxruntime-web gave no tensor ${name}`);
  return value;
}

export function floats({ data }: Tensor): Float32Array {
  if (!(data instanceof Float32Array)) throw new Error('onnxruntime-web gave a tensor that is not of float32');
  return data;
}

/** [first, second, features] as [second, first, features]. */
export function swapLeading(data: Float32Array, first: number, second: number, features: number): Float32Array {
  const swapped = new Float32Array(data.length);
  for (let i = 0; i < first; i += 1) {
    for (let j = 0; j < second; j += 1) {
      const row = (i * second + j) * features;
      swapped.set(data.subarray(row, row + features), (j * first + i) * features);
    }
  }
  return swapped;
}
