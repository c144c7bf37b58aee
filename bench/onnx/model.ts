// The models that onnxruntime runs: one LSTM operator with Keras's weights, and an empty model beside it.
// https://onnx.ai/onnx/operators/onnx__LSTM.html
import type { LstmWeights, SequenceWork, StepWork } from '../lstm-works.js';
import { identityNode, model, node, storedOutputModel, tensor, value } from './graph.js';
import type { Message } from './messages.js';

/** x [1, 1, inputs], h and c [1, 1, units] → next_h and next_c [1, 1, units]. Y is left out: at one step it is Y_h. */
export function stepModel(work: StepWork, weights: LstmWeights): Uint8Array {
  const state = [1, 1, work.units];
  return model({
    nodes: [lstmNode(work.units, ['x', 'W', 'R', 'B', '', 'h', 'c'], ['', 'next_h', 'next_c'])],
    initializers: lstmInitializers(work.inputs, work.units, weights),
    inputs: [value('x', [1, 1, work.inputs]), value('h', state), value('c', state)],
    outputs: [value('next_h', state), value('next_c', state)],
  });
}

/** The inputs and outputs of `stepModel`, without its work. */
export function emptyStepModel({ inputs, units }: StepWork): Uint8Array {
  const state = [1, 1, units];
  return model({
    nodes: [identityNode('h', 'next_h'), identityNode('c', 'next_c')],
    inputs: [value('x', [1, 1, inputs]), value('h', state), value('c', state)],
    outputs: [value('next_h', state), value('next_c', state)],
  });
}

/** x [steps, batch, inputs] → y [steps, 1, batch, units], the operator's own time-major layout. */
export function sequenceModel(work: SequenceWork, weights: LstmWeights): Uint8Array {
  return model({
    nodes: [lstmNode(work.units, ['x', 'W', 'R', 'B'], ['y'])],
    initializers: lstmInitializers(work.inputs, work.units, weights),
    inputs: [value('x', [work.steps, work.batch, work.inputs])],
    outputs: [value('y', [work.steps, 1, work.batch, work.units])],
  });
}

/** The inputs and outputs of `sequenceModel`, without its work. */
export function emptySequenceModel({ steps, batch, inputs, units }: SequenceWork): Uint8Array {
  return storedOutputModel(value('x', [steps, batch, inputs]), [steps, 1, batch, units]);
}

function lstmNode(units: number, input: readonly string[], output: readonly string[]): Message {
  return node('LSTM', input, output, [{ name: 'hidden_size', type: 'INT', i: units }]);
}

/** W [1, 4 · units, inputs], R [1, 4 · units, units] and B [1, 8 · units], whose second half, the recurrent bias, is 0. */
function lstmInitializers(inputs: number, units: number, { kernel, recurrentKernel, bias }: LstmWeights): Message[] {
  const biases = new Float32Array(8 * units);
  biases.set(gatesFirst(bias, 1, units));
  return [
    tensor('W', [1, 4 * units, inputs], gatesFirst(kernel, inputs, units)),
    tensor('R', [1, 4 * units, units], gatesFirst(recurrentKernel, units, units)),
    tensor('B', [1, 8 * units], biases),
  ];
}

/** Where ONNX's gates i, o, f, c stand among Keras's i, f, c, o. */
const kerasGate = [0, 3, 1, 2];

/** Keras's [rows, 4 · units] as ONNX's [4 · units, rows]. */
function gatesFirst(keras: Float32Array, rows: number, units: number): Float32Array {
  const onnx = new Float32Array(keras.length);
  kerasGate.forEach((gate, onnxGate) => {
    for (let unit = 0; unit < units; unit += 1) {
      for (let row = 0; row < rows; row += 1) {
        onnx[(onnxGate * units + unit) * rows + row] = keras[row * 4 * units + gate * units + unit] ?? NaN;
      }
    }
  });
  return onnx;
}
