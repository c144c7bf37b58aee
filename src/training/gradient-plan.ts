import { emitBackward, TensorGradients } from '../graph/backward.js';
import { compileGraph, type CompiledGraph } from '../graph/compile.js';
import { emitInput, emitOutput } from '../graph/ends.js';
import { checkMasks, checkValues, prepareRun, readTensors, setSizes, type TensorsLike } from '../graph/inputs.js';
import { backwardTable } from '../layers/backward/index.js';
import type { Model } from '../model/model.js';
import { refuse } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { PlanRunner, Run } from '../plan/runner.js';
import { evaluate, multiply } from '../plan/size.js';
import { makeTensor, sizeOf, type Numbers, type Tensor } from '../tensors/tensor.js';
import { leaving } from './kept-states.js';
import { Parameters } from './parameters.js';

/** The gradients of Σ output · cotangent. */
export interface Gradients {
  /** For each input (masks excepted), initial states included. */
  readonly inputs: readonly Tensor[];
  /** For each weight that training can change, in the order of `getWeights`. */
  readonly weights: readonly Tensor[];
}

/** Gradients of Σ output · cotangent, for any cotangents: what `model.gradients` runs. */
export class GradientPlan {
  readonly #model: Model;
  readonly #parameters: Parameters;
  readonly #compiled: CompiledGraph;
  readonly #runner: PlanRunner;
  readonly #run = new Run();
  /** Where the cotangent of each output is put. */
  readonly #cotangents: readonly PlanTensor[];
  /** The gradient of each input that is no mask, dense. */
  readonly #inputs: readonly PlanTensor[];

  constructor(model: Model) {
    const { graph, workspace } = model;
    this.#model = model;
    this.#parameters = new Parameters(graph, workspace);
    this.#compiled = compileGraph(graph, 'gradients');
    const { plan } = this.#compiled;
    const wanted = graph.inputs.filter((symbolic) => symbolic.dtype === 'float32');
    const gradients = new TensorGradients(graph, this.#compiled, wanted);
    this.#cotangents = graph.outputs.map((symbolic) => {
      const padded = plan.rows(`${symbolic.node.layer.title} (cotangent rows)`, symbolic.leading, symbolic.features);
      const dense = emitInput(plan, symbolic, padded, 'cotangent');
      const target = gradients.of(symbolic);
      if (target !== null) {
        plan.emit(symbolic.node.layer.title, 'accumulate', target, padded, multiply(padded.bytes, 0.25));
      }
      return dense;
    });
    emitBackward(this.#compiled, gradients, this.#parameters.gradientOf, backwardTable);
    this.#inputs = wanted.map((symbolic) => {
      const gradient = gradients.of(symbolic);
      if (gradient === null) throw new Error(`${symbolic.node.layer.title}: has no gradient`);
      return emitOutput(plan, symbolic, gradient);
    });
    this.#runner = new PlanRunner(workspace, plan);
  }

  /** Stateful layers start from the states they have, and keep them. */
  run(where: string, x: TensorsLike, cotangents: TensorsLike): Gradients {
    const { graph, workspace, states } = this.#model;
    const inputs = readTensors(where, graph.inputs, x);
    checkValues(where, graph, inputs);
    const given = this.#prepare(where, inputs, cotangents);
    return leaving(states, workspace, () => {
      prepareRun(where, this.#runner, this.#run, inputs);
      if (this.#model.isStateful) states.bind(this.#runner, this.#run);
      graph.inputs.forEach((symbolic, i) => {
        const staging = this.#compiled.staging.get(symbolic);
        if (staging !== undefined) workspace.floats.set(inputs[i]?.data ?? [], this.#placeOf(staging));
      });
      this.#cotangents.forEach((staging, i) => {
        workspace.floats.set(given[i]?.data ?? [], this.#placeOf(staging));
      });
      this.#parameters.zeroGradients();
      this.#runner.execute(this.#run);
      return { inputs: this.#inputGradients(inputs), weights: this.#parameters.readGradients() };
    });
  }

  /** Sets the run's sizes, and checks the cotangents by them. */
  #prepare(where: string, inputs: readonly Numbers[], cotangents: TensorsLike): Numbers[] {
    const { graph } = this.#model;
    const given = readTensors(`${where}: cotangents`, graph.outputs, cotangents);
    const rows = inputs[0]?.shape[0] ?? 0;
    if (given[0]?.shape[0] !== rows) refuse(`${where}: cotangents`, `${rows} rows`, given[0]?.shape[0]);
    setSizes(this.#run, graph.inputs, inputs, rows);
    checkMasks(where, graph, this.#run);
    graph.outputs.forEach(({ time }, i) => {
      const came = given[i]?.shape[1];
      const steps = time === null ? came : evaluate(time, this.#run.sizes);
      if (steps !== came) refuse(`${where}: cotangents`, `${steps} time steps`, came);
    });
    return given;
  }

  #inputGradients(inputs: readonly Numbers[]): Tensor[] {
    const { graph, workspace } = this.#model;
    const shapes = inputs.filter((_, i) => graph.inputs[i]?.dtype === 'float32').map(({ shape }) => shape);
    return this.#inputs.map((dense, i) => {
      const [at, shape] = [this.#placeOf(dense), shapes[i] ?? []];
      return makeTensor(workspace.floats.slice(at, at + sizeOf(shape)), shape);
    });
  }

  #placeOf(tensor: PlanTensor): number {
    return this.#runner.address(tensor, this.#run) / 4;
  }
}
