import { emitBackward, TensorGradients } from '../graph/backward.js';
import { compileGraph, type CompiledGraph } from '../graph/compile.js';
import { emitInput, emitOutput } from '../graph/ends.js';
import type { Graph } from '../graph/graph.js';
import { backwardTable } from '../layers/backward/index.js';
import type { PlanTensor } from '../plan/plan.js';
import { PlanRunner, Run } from '../plan/runner.js';
import { multiply } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import type { Parameters } from './parameters.js';

/** Gradients of Σ output · cotangent, for any cotangents: what `model.gradients` runs. */
export class GradientPlan {
  readonly runner: PlanRunner;
  readonly run = new Run();
  readonly compiled: CompiledGraph;
  readonly cotangents: readonly PlanTensor[];
  /** The gradient of each input, dense. */
  readonly inputs: readonly PlanTensor[];

  constructor(graph: Graph, workspace: Workspace, parameters: Parameters) {
    this.compiled = compileGraph(graph, 'gradients');
    const { plan } = this.compiled;
    const wanted = graph.inputs.filter((symbolic) => symbolic.dtype === 'float32');
    const gradients = new TensorGradients(graph, this.compiled, wanted);
    this.cotangents = graph.outputs.map((symbolic) => {
      const padded = plan.rows(`${symbolic.node.layer.title} (cotangent rows)`, symbolic.leading, symbolic.features);
      const dense = emitInput(plan, symbolic, padded, 'cotangent');
      const target = gradients.of(symbolic);
      if (target !== null) {
        plan.emit(symbolic.node.layer.title, 'accumulate', target, padded, multiply(padded.bytes, 0.25));
      }
      return dense;
    });
    emitBackward(this.compiled, gradients, parameters.gradientOf, backwardTable);
    this.inputs = wanted.map((symbolic) => {
      const gradient = gradients.of(symbolic);
      if (gradient === null) throw new Error(`${symbolic.node.layer.title}: has no gradient`);
      return emitOutput(plan, symbolic, gradient);
    });
    this.runner = new PlanRunner(workspace, plan);
  }
}
