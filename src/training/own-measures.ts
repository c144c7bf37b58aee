import { Layer, Node, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { sourcesOf } from '../graph/sources.js';
import { custom } from '../layers/custom.js';
import { mismatch, refuse } from '../options/options.js';
import { known } from '../plan/known.js';
import type { Workspace } from '../plan/workspace.js';
import type { CustomMeasure } from './loss-options.js';

/** What stands for the targets in a graph: an input that the user does not see. */
const definition: LayerDefinition<null> = {
  className: 'InputLayer',
  baseName: 'targets',
  outputs: () => [],
  forward: () => undefined,
};

/** Targets of an output as a symbolic tensor that layers can be called on. */
export function targetInput(output: SymbolicTensor): SymbolicTensor {
  const layer = new Layer(definition, null, `${output.node.layer.title} (targets)`);
  const { shape, time, batch, dtype, mask } = output;
  const node = new Node(layer, { inputs: [], initialState: [], mask: null }, [{ shape, time, batch, dtype, mask }]);
  return known(node.outputs[0], layer.title);
}

/**
 * Makes the graph of a loss or metric of one's own, and gives what its mean is over: a value, or some, for each row.
 * @throws TypeError for layers with weights, and for rows that are neither the output's nor its samples.
 */
export function buildOwn(
  where: string,
  workspace: Workspace,
  name: string,
  build: CustomMeasure['build'],
  [target, output]: readonly [SymbolicTensor, SymbolicTensor],
): SymbolicTensor {
  const layer = custom({ name, call: ([yTrue, yPred]) => build(yTrue, known(yPred, 'yPred')) });
  const values = layer.apply([target, output]);
  const isWhole = values.time === null && values.shape.length === 2;
  const hasRows = values.shape.length === output.shape.length && values.time === output.time;
  if (values.isDense || !(isWhole || hasRows)) {
    mismatch(`${where}: ${name}`, 'values for each step, or for each sample', printShape(values.shape));
  }
  for (const leaf of layer.leaves) {
    if (leaf.weightSpecs.length > 0) refuse(`${where}: ${name}`, 'layers without weights', leaf.title);
    if (leaf.workspace === undefined) leaf.build(workspace, undefined);
  }
  return values;
}

/** Whether a tensor is made from another, among others. */
export function reaches(tensor: SymbolicTensor, source: SymbolicTensor): boolean {
  return sourcesOf([tensor]).has(source);
}
