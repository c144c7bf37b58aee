import type { Backward, BackwardContext, Rows } from '../../graph/backward.js';
import type { NodeContext } from '../../graph/node-context.js';
import { sequencesPerSample, type Randomness } from '../../graph/randomness.js';
import { isTensor, type Argument, type PlanTensor, type Step } from '../../plan/plan.js';
import { batch as batchSize, less, multiply, quad, subtract, type Size } from '../../plan/size.js';
import type { RecurrentConfig } from '../recurrent.js';

/*
 * Dropout inside recurrent layers: of the inputs, and of the state where it enters the recurrent product. What is dropped is
 * chosen once a sequence, the same at every step (Gal & Ghahramani 2016): for all gates alike, but for each gate apart, of the
 * inputs too, where there is recurrentDropout (Keras 3.16, layers/rnn/lstm.py: `implementation` 1). Factors are tensors
 * [gates, B, features] that hold keep / (1 − rate).
 */

/** Where the forward kernels of recurrent dropout take factors and scratch: behind so many arguments of the ordinary ones. */
const factorsBehind = { simpleRnnForward: 2, lstmForward: 2, gruForward: 4 } as const;

/**
 * The forward steps for training of a layer whose weights have parts of so many gates: those of inference, in which what is
 * dropped takes the place of inputs and states.
 */
export function forwardWithDropout<C extends RecurrentConfig>(
  ...parts: readonly number[]
): NonNullable<Backward<C>['forward']> {
  const gates = parts.reduce((sum, count) => sum + count);
  return (context, config, randomness) => {
    const { dropout, recurrentDropout, units } = config;
    const { steps } = context.plan;
    const choices = recurrentDropout > 0 ? gates : 1;
    const inputFactors = dropout > 0 ? emitFactors(context, randomness, 'dropout', dropout, choices) : null;
    const stateFactors =
      recurrentDropout > 0
        ? emitFactors(context, randomness, 'recurrentDropout', recurrentDropout, gates, units)
        : null;
    const x = context.input();
    const dropped = inputFactors !== null && choices === 1 ? emitDroppedInput(context, x, inputFactors) : x;

    const before = steps.length;
    context.layer.definition.forward?.(context, config);
    for (const step of steps.splice(before)) {
      const args = step.arguments.map((argument) => (argument === x ? dropped : argument));
      if (inputFactors !== null && dropped === x && step.kernel === 'product') {
        emitDroppedProducts(context, inputFactors, units, parts, args);
      } else if (stateFactors !== null && takesState(step.kernel)) {
        const at = factorsBehind[step.kernel];
        const scratch = context.scratch('droppedState', [gates, context.batch], units);
        const all = [...args.slice(0, at), stateFactors, scratch, ...args.slice(at)];
        steps.push({ ...step, kernel: `${step.kernel}Dropped`, arguments: all });
      } else {
        steps.push({ ...step, arguments: args });
      }
    }
  };
}

function takesState(kernel: Step['kernel']): kernel is keyof typeof factorsBehind {
  return kernel in factorsBehind;
}

/** Draws what is kept: dropout goes over ones, a gate standing in the place of a step. */
export function emitFactors(
  context: NodeContext,
  randomness: Randomness,
  purpose: 'dropout' | 'recurrentDropout',
  rate: number,
  gates: number,
  features = context.features(),
): PlanTensor {
  const factors = context.scratch(`${purpose}Factors`, [gates, context.batch], features);
  const { seed, stream, epoch, indices } = randomness.of(context.plan, context.title, purpose);
  const steps = multiply(gates, sequencesPerSample(context.batch));
  context.emit('fill', factors, multiply(factors.bytes, 0.25), 1);
  context.emit('dropout', factors, factors, batchSize, steps, features, rate, seed, stream, epoch, indices, 0);
  return factors;
}

/** x ⊙ factors, the same ones at every step. */
function emitDroppedInput(context: NodeContext, x: PlanTensor, factors: PlanTensor): PlanTensor {
  const dropped = context.scratch('dropped', context.leading, context.features());
  context.emit('merge', 2, x, factors, dropped, context.rows, context.features(), context.batch, 1);
  return dropped;
}

/** x·W + b, each gate with factors of its own, in the place of a step of the ordinary product. */
function emitDroppedProducts(
  context: NodeContext,
  factors: PlanTensor,
  units: number,
  parts: readonly number[],
  [x = 0, xStride = 0, , , y = 0, yStride = 0]: readonly Argument[],
): void {
  const { steps, batch } = context;
  const inputs = context.features();
  const scratch = context.scratch('droppedInput', [Math.max(...parts), batch], inputs);
  let gate = 0;
  for (const [part, gates] of parts.entries()) {
    const to = isTensor(y) ? { tensor: y, offset: gate * 4 * quad(units) } : y;
    const [kernel, bias] = [context.weights('kernel', part), context.weights('bias', part)];
    const own = factorsFrom(context, factors, gate);
    context.emit(
      'droppedProduct',
      x,
      xStride,
      own,
      kernel,
      bias,
      to,
      yStride,
      scratch,
      steps,
      batch,
      inputs,
      units,
      gates,
    );
    gate += gates;
  }
}

/** The factors of the gates from a first one on. */
function factorsFrom({ batch }: NodeContext, factors: PlanTensor, gate: number): Argument {
  return { tensor: factors, offset: multiply(gate * factors.rowBytes, batch) };
}

/** What the backward kernel of a layer takes of the state's dropout; factors and scratch are 0 where nothing is dropped. */
export interface StateDropout {
  /** The recurrent weights' transpose; with factors gate by gate. */
  readonly transposed: Argument;
  readonly factors: Argument;
  readonly scratch: Argument;
}

/** That of the first part's gates, of `gates` in all. */
export function stateDropout(context: BackwardContext, { units }: RecurrentConfig, gates: number): StateDropout {
  const factors = context.forward.found('recurrentDropoutFactors');
  if (factors === undefined) return { transposed: context.transposed('recurrentKernel'), factors: 0, scratch: 0 };
  const scratch = context.scratch('d(droppedState)', [gates, context.forward.batch], units);
  return { transposed: emitTransposedGates(context, 'recurrentKernel', 0, units), factors, scratch };
}

/** Packs the transpose of a weight's part anew: each gate's panels behind those of the gate before. */
function emitTransposedGates(context: BackwardContext, weight: string, index: number, inputs: number): PlanTensor {
  const { weights } = context.forward.layer;
  const { units, gates, sources } = weights.part(weight, index).part;
  const panels = context.scratch(`${weight}, transposed by gate`, [gates, quad(inputs)], units);
  for (const { row, column } of sources) {
    for (let gate = 0; gate < gates; gate++) {
      const [from, stride] = weights.locate({ weight, row, column: column + gate * units });
      const to = { tensor: panels, offset: gate * quad(inputs) * panels.rowBytes };
      context.emit('packTransposed', from, stride, to, inputs, units, 1);
    }
  }
  return panels;
}

/** dW += (x ⊙ factors)ᵀ·dy over so many steps, for the gates of one part. */
export function emitDroppedGradient(
  context: BackwardContext,
  weight: 'kernel' | 'recurrentKernel',
  factors: PlanTensor,
  x: PlanTensor,
  dy: Rows,
  steps: Size,
  index: number,
): void {
  const { forward } = context;
  const { block, part } = forward.layer.weights.part(weight, index);
  const { units, gates } = part;
  const own = factorsFrom(forward, factors, firstGate(forward, index));
  const dw = context.scratch(`d(${weight})`, [block.rows], gates * quad(units));
  const scratch = context.scratch(`d(${weight}) of a row`, [block.rows], gates * quad(units));
  const sizes = [steps, forward.batch, block.rows, units, gates] as const;
  context.emit('zero', dw, dw.bytes);
  context.emit('droppedProductGradient', x, x.rowBytes, own, dy.at, dy.rowBytes, dw, scratch, ...sizes);
  context.emitUngated(weight, index, dw, block.rows);
}

/** dU as above: h₋₁ is the initial state. */
export function emitDroppedStateGradient(
  context: BackwardContext,
  factors: PlanTensor,
  first: Rows,
  later: Rows,
  index: number,
): void {
  const { forward } = context;
  const laterSteps = less(forward.steps, 1);
  const firstSteps = subtract(forward.steps, laterSteps);
  emitDroppedGradient(context, 'recurrentKernel', factors, forward.kept('hInitial'), first, firstSteps, index);
  emitDroppedGradient(context, 'recurrentKernel', factors, forward.kept('sequence'), later, laterSteps, index);
}

/** dx += factors ⊙ (dz·Wᵀ), for the gates of one part. */
export function emitDroppedInputGradient(
  context: BackwardContext,
  factors: PlanTensor,
  dz: Rows,
  dx: PlanTensor,
  index: number,
): void {
  const { forward } = context;
  const inputs = forward.features();
  const { units, gates } = forward.layer.weights.part('kernel', index).part;
  const own = factorsFrom(forward, factors, firstGate(forward, index));
  const panels = emitTransposedGates(context, 'kernel', index, inputs);
  const scratch = context.scratch('d(droppedInput)', [forward.batch], inputs);
  const sizes = [forward.steps, forward.batch, inputs, units, gates] as const;
  context.emit('droppedProductBackward', dz.at, dz.rowBytes, own, panels, dx, dx.rowBytes, scratch, ...sizes);
}

/** The first gate of a part of the weights. */
function firstGate({ layer }: NodeContext, index: number): number {
  const before = Array.from({ length: index }, (_, part) => layer.weights.part('kernel', part).part.gates);
  return before.reduce((sum, gates) => sum + gates, 0);
}
