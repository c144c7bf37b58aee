import type { Backward } from '../../graph/backward.js';
import type { NodeContext } from '../../graph/node-context.js';
import { sequencesPerSample, type Randomness } from '../../graph/randomness.js';
import type { PlanTensor } from '../../plan/plan.js';
import { batch, multiply, quad, type Size } from '../../plan/size.js';
import type { DropoutConfig } from '../dropout.js';

/** What was dropped forward lets no gradient through: the same counters give the same choice. */
export const dropoutBackward: Backward<DropoutConfig> = {
  forward: (context, { rate }, randomness) => {
    emitDropout(context, randomness, rate, context.input(), context.result(), 0);
  },
  emit: (context, { rate }) => {
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy !== null && dx !== null) emitDropout(context.forward, context.randomness, rate, dy, dx, 1);
  },
};

/** The same step serves forward (values) and backward (gradients, added): what is kept is counted, not stored. */
function emitDropout(
  context: NodeContext,
  randomness: Randomness,
  rate: number,
  from: PlanTensor,
  to: PlanTensor,
  accumulate: 0 | 1,
): void {
  const { seed, stream, epoch, indices } = randomness.of(context.plan, context.title, 'dropout');
  const [steps, features] = countedAxes(context);
  context.emit('dropout', from, to, batch, steps, features, rate, seed, stream, epoch, indices, accumulate);
}

/**
 * What random numbers count beside samples: steps, of which those around TimeDistributed are a part, and features; inner axes
 * go with these, each row with its padding.
 */
export function countedAxes(context: NodeContext): [steps: Size, features: Size] {
  const rows = context.leading.slice(2).reduce(multiply, 1);
  const features = context.features();
  const steps = multiply(context.steps, sequencesPerSample(context.batch));
  return [steps, rows === 1 ? features : multiply(rows, quad(features))];
}
