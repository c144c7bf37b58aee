import type { Backward } from '../../graph/backward.js';
import { emitDot, normalizeArguments, operandOf, productStrides, type DotConfig, type Operand } from '../dot.js';

/** dx(b, i, k) += Σ_j dz(b, i, j) · y(b, j, k), and likewise for y: sums of products again. */
export const dotBackward: Backward<DotConfig> = {
  emit: (context, config) => {
    const dz = context.outputGradient();
    if (dz === null) return;
    const { forward } = context;
    const [zBatch, zI, zJ] = productStrides(forward);
    for (const which of [0, 1] as const) {
      const dx = context.inputGradient(which);
      if (dx === null) continue;
      const axis = config.axes[which];
      const own = operandOf(forward.viewOf(which), axis);
      const other = operandOf(forward.viewOf(1 - which), config.axes[1 - which] ?? 0);
      const [zOwn, zOther] = which === 0 ? [zI, zJ] : [zJ, zI];
      const cotangent: Operand = { strides: [zBatch, zOwn, zOther], free: own.free, summed: other.free };
      const [batch, free, summed] = other.strides;
      const turned: Operand = { strides: [batch, summed, free], free: other.summed, summed: other.free };
      const vectors = forward.kept(`vectors${1 - which}`);
      const target = config.normalize ? context.scratch('d(vectors)', dx.shape.slice(0, -1), dx.rowBytes / 4) : dx;
      if (target !== dx) context.emit('zero', target, target.bytes);
      emitDot(context, forward.batch, [dz, cotangent], [vectors, turned], [target, own.strides], 1);
      if (target !== dx) {
        const sizes = normalizeArguments(forward, axis, which);
        context.emit(
          'l2NormalizeBackward',
          forward.input(which),
          forward.kept(`vectors${which}`),
          target,
          dx,
          ...sizes,
        );
      }
    }
  },
};
