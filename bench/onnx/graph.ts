// The parts of a model that the works' graphs are made of.
import { encodeModel, type Message } from './messages.js';

export interface Graph {
  readonly nodes: readonly Message[];
  readonly initializers?: readonly Message[];
  readonly inputs: readonly Message[];
  readonly outputs: readonly Message[];
}

export function model({ nodes, initializers = [], inputs, outputs }: Graph): Uint8Array {
  return encodeModel({
    ir_version: 8,
    producer_name: 'bucle-bench',
    opset_import: [{ domain: '', version: 14 }],
    graph: { name: 'bench', node: nodes, initializer: initializers, input: inputs, output: outputs },
  });
}

/** A node is called as its first output. */
export function node(
  type: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly Message[] = [],
): Message {
  return { op_type: type, name: output.find((name) => name !== ''), input, output, attribute };
}

export function identityNode(input: string, output: string): Message {
  return node('Identity', [input], [output]);
}

export function tensor(name: string, dims: readonly number[], data: Float32Array): Message {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims, data_type: 'FLOAT', raw_data: bytes };
}

export function value(name: string, shape: readonly number[]): Message {
  const dim = shape.map((size) => ({ dim_value: size }));
  return { name, type: { tensor_type: { elem_type: 'FLOAT', shape: { dim } } } };
}

/** An output of this shape that is the copy of a stored tensor: what a call costs without the work. */
export function storedOutputModel(input: Message, shape: readonly number[]): Uint8Array {
  const size = shape.reduce((product, length) => product * length, 1);
  return model({
    nodes: [identityNode('stored', 'y')],
    inputs: [input],
    initializers: [tensor('stored', shape, new Float32Array(size))],
    outputs: [value('y', shape)],
  });
}
