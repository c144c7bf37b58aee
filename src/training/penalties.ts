import type { TensorGradients } from '../graph/backward.js';
import type { CompiledGraph } from '../graph/compile.js';
import type { Graph } from '../graph/graph.js';
import type { SymbolicTensor } from '../graph/layer.js';
import type { PlanTensor } from '../plan/plan.js';
import type { PlanRunner, Run } from '../plan/runner.js';
import { evaluate, multiply, symbol, type Size, type SizeSymbol } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { regularizer as readRegularizer, type Regularizer } from '../regularizers/regularizer.js';
import type { Parameter } from './parameters.js';
import { regularizerOf } from './weight-options.js';

/** What regularisers add to a loss for the size of weights. */
export class WeightPenalties {
  readonly #workspace: Workspace;
  readonly #penalized: readonly { readonly parameter: Parameter; readonly regularizer: Regularizer }[];

  /** @throws TypeError for a regulariser that is none. */
  constructor(workspace: Workspace, parameters: readonly Parameter[]) {
    this.#workspace = workspace;
    this.#penalized = parameters.flatMap((parameter) => {
      const regularizer = regularizerOf(parameter.spec, parameter.layer.title);
      return regularizer === undefined ? [] : [{ parameter, regularizer }];
    });
  }

  value(): number {
    const kernels = trainingKernels(this.#workspace);
    return this.#penalized.reduce(
      (sum, { parameter: { values, count }, regularizer: { l1, l2 } }) => sum + kernels.penalty(values, count, l1, l2),
      0,
    );
  }

  /** Adds their gradients to those of the weights. */
  addGradients(): void {
    const kernels = trainingKernels(this.#workspace);
    for (const { parameter, regularizer } of this.#penalized) {
      const { values, gradient, count } = parameter;
      kernels.penaltyGradient(values, gradient, count, regularizer.l1, regularizer.l2);
    }
  }
}

/** An output of a layer that has an activity regulariser. */
export interface PenalizedOutput {
  readonly symbolic: SymbolicTensor;
  readonly regularizer: Regularizer;
}

/** The outputs, states included, of the layers that have one. */
export function penalizedOutputs({ nodes }: Graph): PenalizedOutput[] {
  return nodes.flatMap(({ layer, outputs }) => {
    if (layer.activityRegularizer === undefined) return [];
    const regularizer = readRegularizer(layer.activityRegularizer, `${layer.title}: activityRegularizer`);
    return outputs.filter(({ dtype }) => dtype === 'float32').map((symbolic) => ({ symbolic, regularizer }));
  });
}

interface PenalizedTensor {
  readonly tensor: PlanTensor;
  readonly floats: Size;
  readonly regularizer: Regularizer;
  /** The factors of a run: an expression of integers cannot say l1 / B. */
  readonly l1: SizeSymbol;
  readonly l2: SizeSymbol;
}

/** What activity regularisers add to a loss for the size of layers' outputs: penalties of a sample, their mean (Keras). */
export class ActivityPenalties {
  readonly #workspace: Workspace;
  readonly #tensors: readonly PenalizedTensor[];

  /** Emits the steps that add their gradients; `gradients` is null where none are wanted. */
  constructor(
    workspace: Workspace,
    compiled: CompiledGraph,
    outputs: readonly PenalizedOutput[],
    gradients: TensorGradients | null,
  ) {
    this.#workspace = workspace;
    this.#tensors = outputs.map(({ symbolic, regularizer }) => {
      const tensor = compiled.tensorOf(symbolic);
      compiled.plan.wanted.add(tensor);
      const floats = multiply(tensor.bytes, 0.25);
      const [l1, l2] = [symbol('l1 / B'), symbol('l2 / B')];
      const gradient = gradients?.of(symbolic) ?? null;
      if (gradient !== null) {
        compiled.plan.emit(symbolic.node.layer.title, 'penaltyGradient', tensor, gradient, floats, l1, l2);
      }
      return { tensor, floats, regularizer, l1, l2 };
    });
  }

  /** Tells a run its factors, for a batch of so many samples. */
  prepare(run: Run, samples: number): void {
    for (const { regularizer, l1, l2 } of this.#tensors) {
      run.set(l1, regularizer.l1 / samples);
      run.set(l2, regularizer.l2 / samples);
    }
  }

  /** Their sum over a run that is done. */
  value(runner: PlanRunner, run: Run): number {
    const kernels = trainingKernels(this.#workspace);
    return this.#tensors.reduce((sum, { tensor, floats, l1, l2 }) => {
      const [count, first, second] = [floats, l1, l2].map((size) => evaluate(size, run.sizes));
      return sum + kernels.penalty(runner.address(tensor, run), count ?? 0, first ?? 0, second ?? 0);
    }, 0);
  }
}
