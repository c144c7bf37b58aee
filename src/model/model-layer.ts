import type { Graph } from '../graph/graph.js';
import { Layer, type Call, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { noMask } from '../layers/expectations.js';
import { mismatch } from '../options/options.js';
import { known } from '../plan/known.js';

/** A model's graph as a layer: called, it calls the model's layers anew, which share their weights. */
export function layerOf(name: string, graph: Graph): Layer {
  const definition: LayerDefinition<Graph> = {
    className: 'Functional',
    baseName: name,
    inside: ({ layers }) => layers.filter(({ definition: { className } }) => className !== 'InputLayer'),
    givesList: ({ outputs }) => outputs.length > 1,
    outputs: replay,
  };
  return new Layer<Graph>(definition, graph, undefined, graph.inputs[0]?.shape);
}

function replay(graph: Graph, call: Call, title: string): SymbolicTensor[] {
  const { inputs, initialState } = call;
  noMask(title, call);
  if (inputs.length !== graph.inputs.length || initialState.length > 0) {
    mismatch(title, `${graph.inputs.length} inputs`, inputs.length + initialState.length);
  }
  const made = new Map<SymbolicTensor, SymbolicTensor>();
  const of = (tensor: SymbolicTensor): SymbolicTensor => known(made.get(tensor), tensor.node.layer.title);
  graph.inputs.forEach((own, i) => {
    const given = known(inputs[i], title);
    const fits =
      given.shape.length === own.shape.length &&
      own.shape.every((length, axis) => length === null || axis === 0 || given.shape[axis] === length);
    if (!fits) mismatch(title, `an input of shape ${printShape(own.shape)}`, printShape(given.shape));
    made.set(own, given);
  });
  // Calls inside composites are made by these.
  for (const node of graph.nodes.filter(({ owner }) => owner === null)) {
    const states = node.initialState.map(of);
    // A mask that the input carries comes with it; another was given.
    const mask = node.mask === null || node.mask === node.inputs[0]?.mask ? undefined : of(node.mask);
    const again = node.layer.call(node.inputs.map(of), {
      ...(states.length > 0 && { initialState: states }),
      ...(mask !== undefined && { mask }),
    });
    node.outputs.forEach((output, i) => {
      const own = known(again.outputs[i], title);
      made.set(output, own);
      if (output.mask !== null && own.mask !== null) made.set(output.mask, own.mask);
    });
  }
  return graph.outputs.map(of);
}
