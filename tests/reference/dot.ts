/**
 * Dot: of two inputs the sums of products along an axis of each, for every combination of the other axes.
 *                                                            Keras 3, layers/merging/dot.py
 *   y(b, …m, …n) = Σ_k a(b, …m, k) · c(b, …n, k),     the axes beside batch and k in their order, a's first
 * normalize: each vector along its axis is divided by its length (at least 1e-7) before, so that y is the cosine.
 * Two inputs of rank 2 give [batch, 1].
 */
import type { Cotangents, Pass } from './pass.js';
import { axisOf, permuted, reshaped, sizeOf, zeros, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface DotConfig {
  /** The axis of both, or of each. Not the batch. */
  readonly axes: number | readonly [number, number];
  /** false by default. */
  readonly normalize?: boolean;
}

type Two = readonly [Tensor, Tensor];

export function dot(config: DotConfig, _weights: Tensors, [a, c]: Two): Pass<Two, readonly [Tensor]> {
  const { axes, normalize = false } = config;
  const [axisA, axisC] = typeof axes === 'number' ? [axes, axes] : axes;
  const [va, vc] = [vectorsAlong(a, axisA, normalize), vectorsAlong(c, axisC, normalize)];
  const [batch, m, k] = va.vectors.shape;
  const [, n, otherK] = vc.vectors.shape;
  if (k !== otherK) throw new Error(`dot: vectors of ${k} and of ${otherK} values`);

  /** Calls `visit` with the places of each product: in y, in the vectors of a, in those of c. */
  const products = (visit: (y: number, a: number, c: number) => void): void => {
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          for (let at = 0; at < k; at++) visit((b * m + i) * n + j, (b * m + i) * k + at, (b * n + j) * k + at);
        }
      }
    }
  };
  const y = zeros(batch, m, n);
  products((to, i, j) => (y.data[to] += va.vectors.data[i] * vc.vectors.data[j]));
  const others = [...va.otherSizes, ...vc.otherSizes];
  return {
    outputs: [reshaped(y, [batch, ...(others.length === 0 ? [1] : others)])],
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const [da, dc] = [zerosLike(va.vectors), zerosLike(vc.vectors)];
      products((from, i, j) => {
        da.data[i] += dy.data[from] * vc.vectors.data[j];
        dc.data[j] += dy.data[from] * va.vectors.data[i];
      });
      return { inputs: [va.vjp(da), vc.vjp(dc)], weights: [] };
    },
  };
}

interface Vectors {
  /** [batch, everything else, along the axis]. */
  readonly vectors: Tensor;
  /** The sizes that became `everything else`. */
  readonly otherSizes: readonly number[];
  vjp(cotangent: Tensor): Tensor;
}

function vectorsAlong(x: Tensor, axis: number, normalize: boolean): Vectors {
  const along = axisOf(axis, x.shape);
  const axes = x.shape.map((_, i) => i);
  const order = [...axes.toSpliced(along, 1), along];
  const last = permuted(x, order);
  const [batch, ...otherSizes] = last.shape.slice(0, -1);
  const rows = reshaped(last, [batch, sizeOf(otherSizes), x.shape[along]]);
  const unit = normalize ? unitLength(rows) : { output: rows, vjp: (cotangent: Tensor): Tensor => cotangent };
  return {
    vectors: unit.output,
    otherSizes,
    vjp: (cotangent) =>
      permuted(
        reshaped(unit.vjp(cotangent), last.shape),
        axes.map((i) => order.indexOf(i)),
      ),
  };
}

/** Each row x as x / max(|x|, 1e-7). Backwards x̄ = s ȳ − s³ (ȳ · x) x with s = 1 / |x|. */
function unitLength(rows: Tensor): { readonly output: Tensor; vjp(cotangent: Tensor): Tensor } {
  const [, , width] = rows.shape;
  const rowOf = (a: Tensor, at: number): Float64Array => a.data.subarray(at * width, (at + 1) * width);
  const inner = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const output = zerosLike(rows);
  const scales = Array.from({ length: rows.data.length / width }, (_, at) => {
    const x = rowOf(rows, at);
    const length = Math.sqrt(inner(x, x));
    const scale = 1 / Math.max(length, 1e-7);
    rowOf(output, at).set(x.map((value) => value * scale));
    return { scale, isBounded: length < 1e-7 };
  });
  return {
    output,
    vjp(cotangent) {
      const gradient = zerosLike(rows);
      scales.forEach(({ scale, isBounded }, at) => {
        const [x, dy] = [rowOf(rows, at), rowOf(cotangent, at)];
        const along = isBounded ? 0 : scale ** 3 * inner(dy, x);
        rowOf(gradient, at).set(dy.map((value, i) => scale * value - along * x[i]));
      });
      return gradient;
    },
  };
}
