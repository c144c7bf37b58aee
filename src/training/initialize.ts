import { streamKey } from '../graph/stream-key.js';
import type { Initialize, WeightSpec } from '../graph/weights.js';
import { sizeOf } from '../tensors/tensor.js';
import { initializer as readInitializer, type Initializer, type VarianceScaling } from '../initializers/initializer.js';
import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { constraintOf, optionName, optionOf, regularizerOf } from './weight-options.js';

/**
 * Makes the first values of weights. They depend on the seed, the layer's name and the weight's name alone: not on what
 * was built before, nor in which order.
 */
export function initializeIn(workspace: Workspace, seed: number): Initialize {
  return (spec, layer) => {
    const initializer = initializerOf(spec, layer);
    // Read here as well as when the model is compiled, so that what is wrong is told at once.
    regularizerOf(spec, layer);
    constraintOf(spec, layer);
    const count = sizeOf(spec.shape);
    const target = workspace.allocate(4 * quad(count));
    try {
      fillWeight(workspace, spec, initializer, target, seed, streamKey(`${layer}/${spec.name}`));
      const values = workspace.floats.slice(target / 4, target / 4 + count);
      // The forget gate's quarter, of an LSTM.
      const { unitForgetBias }: { unitForgetBias?: unknown } = spec.options;
      if (spec.name === 'bias' && unitForgetBias === true) values.fill(1, count / 4, count / 2);
      return values;
    } finally {
      workspace.release(target);
    }
  };
}

function initializerOf(spec: WeightSpec, layer: string): Initializer {
  return readInitializer(optionOf(spec, 'Initializer'), `${layer}: ${optionName(spec, 'Initializer')}`);
}

function fillWeight(
  workspace: Workspace,
  spec: WeightSpec,
  initializer: Initializer,
  target: number,
  seed: number,
  stream: number,
): void {
  const kernels = trainingKernels(workspace);
  const count = sizeOf(spec.shape);
  switch (initializer.kind) {
    case 'zeros':
      kernels.fill(target, count, 0);
      break;
    case 'ones':
      kernels.fill(target, count, 1);
      break;
    case 'constant':
      kernels.fill(target, count, initializer.value);
      break;
    case 'varianceScaling':
      fillScaled(workspace, spec, initializer, target, seed, stream);
      break;
    case 'randomUniform':
      kernels.randomUniform(target, count, initializer.minval, initializer.maxval, seed, stream);
      break;
    case 'randomNormal':
    case 'truncatedNormal': {
      const { kind, mean, stddev } = initializer;
      kernels.randomNormal(target, count, mean, stddev, kind === 'truncatedNormal' ? 1 : 0, seed, stream);
      break;
    }
    case 'orthogonal':
      fillOrthogonal(workspace, spec, initializer.gain, target, seed, stream);
      break;
  }
}

/**
 * The deviation of a normal distribution that is cut off at two deviations, as a share of the uncut one's
 * (scipy.stats.truncnorm.std(−2, 2), as Keras has it).
 */
const truncatedDeviation = 0.8796256610342398;

function fillScaled(
  workspace: Workspace,
  { shape }: WeightSpec,
  { scale, mode, distribution }: VarianceScaling,
  target: number,
  seed: number,
  stream: number,
): void {
  const { fanIn, fanOut } = fans(shape);
  const fan = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
  const variance = scale / Math.max(1, fan);
  const count = sizeOf(shape);
  if (distribution === 'uniform') {
    const limit = Math.sqrt(3 * variance);
    trainingKernels(workspace).randomUniform(target, count, -limit, limit, seed, stream);
  } else {
    trainingKernels(workspace).randomNormal(
      target,
      count,
      0,
      Math.sqrt(variance) / truncatedDeviation,
      1,
      seed,
      stream,
    );
  }
}

/** Inputs and outputs of a unit: the last two axes, times the window of a convolution. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const window = sizeOf(shape.slice(0, -2));
  const [inputs = 1, outputs = inputs] = shape.slice(-2);
  return { fanIn: window * inputs, fanOut: window * outputs };
}

function fillOrthogonal(
  workspace: Workspace,
  { shape }: WeightSpec,
  gain: number,
  target: number,
  seed: number,
  stream: number,
): void {
  const columns = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / columns;
  const scratch = workspace.allocate(8 * rows * columns + 16 * Math.max(rows, columns));
  trainingKernels(workspace).orthogonal(target, rows, columns, gain, seed, stream, scratch);
  workspace.release(scratch);
}
