import type { Backward } from '../../graph/backward.js';
import type { NodeContext } from '../../graph/node-context.js';
import { copyArguments } from '../../graph/copy.js';
import type { PlanTensor } from '../../plan/plan.js';
import { multiply } from '../../plan/size.js';
import type { BatchNormalizationConfig } from '../batch-normalization.js';

/** With the moments of the batch in training, of a layer that is trained; else with the moving averages. */
export const batchNormalizationBackward: Backward<BatchNormalizationConfig> = {
  forward: (context, config) => {
    if (!context.layer.isTrained) {
      context.layer.definition.forward?.(context, config);
      return;
    }
    const [x, y, features] = [context.input(), context.result(), context.features()];
    const vector = (name: string): PlanTensor => context.scratch(name, [1], features);
    const [mean, variance, scale] = [vector('mean'), vector('variance'), vector('scale')];
    context.emit('batchMoments', x, countedRows(context) ?? 0, mean, variance, context.rows, features);
    const gamma = context.vector('gamma');
    context.emit('deviationScale', variance, gamma, scale, features, config.epsilon, 0, 0);
    context.emit('scaleShift', x, mean, scale, context.vector('beta'), y, context.rows, features);
  },

  emit: (context, { epsilon }) => {
    const dy = context.outputGradient();
    if (dy === null) return;
    const { forward } = context;
    const [features, rows] = [forward.features(), forward.rows];
    const mean = forward.found('mean') ?? forward.vector('movingMean');
    const variance = forward.found('variance') ?? forward.vector('movingVariance');
    const dx = context.inputGradient() ?? context.scratch('d(input)', forward.leading, features);
    const [dgamma, dbeta] = [context.vectorGradient('gamma'), context.vectorGradient('beta')];
    let mask = forward.found('countedRows') ?? forward.mask;
    if (forward.found('mean') === undefined) {
      // Through moving averages nothing goes back: no row counts among those that made them.
      mask = forward.plan.dense(`${forward.title}.none`, forward.leading);
      context.emit('zero', mask, mask.bytes);
    }
    const gamma = forward.vector('gamma');
    const given = [forward.input(), mean, variance, gamma, dy, dx, dgamma, dbeta, mask ?? 0] as const;
    context.emit('batchNormalizationBackward', ...given, rows, features, epsilon);
  },

  accept: (context, { momentum }) => {
    if (!context.layer.isTrained) return;
    const floats = context.kept('mean').rowBytes / 4;
    context.emit('movingAverage', context.vector('movingMean'), context.kept('mean'), floats, momentum);
    context.emit('movingAverage', context.vector('movingVariance'), context.kept('variance'), floats, momentum);
  },
};

/** The mask, row by row; null: all count. Where steps have inner axes, a step's counts for all of its rows. */
function countedRows(context: NodeContext): PlanTensor | null {
  const { mask, leading } = context;
  const [steps = 1, batch = 1, ...inner] = leading;
  if (mask === null || inner.length === 0) return mask;
  const rows = inner.reduce(multiply);
  const each = { count: multiply(steps, batch), from: 4, to: multiply(4, rows) };
  const counted = context.scratchMask('countedRows');
  context.emit('copyRows', ...copyArguments({ axes: [each, { count: rows, from: 0, to: 4 }] }, mask, counted));
  return counted;
}
