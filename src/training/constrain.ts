import type { Bounds, NormBounds } from '../constraints/constraint.js';
import { storedSize } from '../graph/weights.js';
import { sizeOf } from '../tensors/tensor.js';
import { activationCode } from '../activations/activation.js';
import { trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Parameter } from './parameters.js';
import { constraintOf, neighbouringAxes } from './weight-options.js';

/** The constraints of some weights. */
export class WeightConstraints {
  readonly #workspace: Workspace;
  readonly #constrained: readonly { readonly parameter: Parameter; readonly bounds: Bounds }[];

  /** @throws TypeError for a constraint that is none. */
  constructor(workspace: Workspace, parameters: readonly Parameter[]) {
    this.#workspace = workspace;
    this.#constrained = parameters.flatMap((parameter) => {
      const bounds = constraintOf(parameter.spec, parameter.layer.title);
      return bounds === undefined ? [] : [{ parameter, bounds }];
    });
  }

  /** Brings the weights back, after a step of the optimizer. */
  apply(): void {
    const kernels = trainingKernels(this.#workspace);
    for (const { parameter, bounds } of this.#constrained) {
      const { values, count } = parameter;
      if (bounds === 'nonNeg') {
        kernels.activate(activationCode('relu'), values, values, 1, count);
      } else {
        const { outer, length, inner, outerStride, stride } = normsIn(parameter, bounds);
        const { least, most, rate } = bounds;
        kernels.constrainNorm(values, outer, length, inner, outerStride, stride, least, most, rate);
      }
    }
  }
}

/** How the kernel sees a weight: [outer, length, inner], norms over `length`; strides in bytes. */
function normsIn({ spec, path }: Parameter, { axes }: NormBounds) {
  const { shape } = spec;
  const [from, to] = neighbouringAxes(axes, shape.length, path);
  const features = shape.at(-1) ?? 1;
  // Rows may lie padded: zeros behind them add nothing to a norm that goes on into the next row.
  const rowFloats = (features * storedSize(spec)) / sizeOf(shape);
  const lengths = [...shape.slice(0, -1), rowFloats];
  const length = sizeOf(lengths.slice(from, to));
  const outer = sizeOf(lengths.slice(0, from));
  if (to === shape.length) return { outer, length, inner: 1, outerStride: 4 * length, stride: 4 };
  const floatsBehind = sizeOf(lengths.slice(to));
  const inner = floatsBehind - rowFloats + features;
  return { outer, length, inner, outerStride: 4 * length * floatsBehind, stride: 4 * floatsBehind };
}
