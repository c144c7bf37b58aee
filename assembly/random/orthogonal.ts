import { standardNormal } from './normal';

/**
 * Below this share of its length a column is made orthogonal once more: what rounding left along the others is then no
 * longer small beside it. (Daniel, Gragg, Kaufman, Stewart 1976; "twice is enough", Giraud, Langou 2002. float64 leaves
 * ample room above float32's 6e-8.)
 */
const SHRUNKEN = 0.1;

/**
 * A random matrix [rows, columns] with orthogonal columns (rows, where there are fewer) of length gain: Saxe,
 * McClelland, Ganguli 2014, as Keras's Orthogonal draws it. It is the Q of the QR factorisation of a normal matrix
 * [larger side, smaller side], with such signs that the diagonal of R is positive, which makes Q uniform among all
 * orthogonal matrices; transposed if rows < columns. By Gram–Schmidt in float64, whose diagonal consists of lengths.
 * scratch: rows·columns·8 + max(rows, columns)·16 bytes. The columns lie there one behind the other, each padded with
 * a zero to an even length.
 */
export function orthogonal(
  target: usize,
  rows: i32,
  columns: i32,
  gain: f64,
  seed: i32,
  stream: i32,
  scratch: usize,
): void {
  const long = max(rows, columns);
  const short = min(rows, columns);
  const bytes = (<usize>((long + 1) & ~1)) << 3;
  for (let j = 0; j < short; j++) {
    const column = scratch + <usize>j * bytes;
    store<f64>(column + bytes - 8, 0.0);
    for (let i = 0; i < long; i++) {
      store<f64>(column + ((<usize>i) << 3), standardNormal(i * short + j, 0, seed, stream));
    }
    const before = lengthOf(column, bytes);
    removeAll(scratch, column, bytes);
    if (lengthOf(column, bytes) < SHRUNKEN * before) removeAll(scratch, column, bytes);
    divide(column, lengthOf(column, bytes), bytes);
  }
  // Element (i, j) of Q goes to [i][j], or to [j][i] of the transpose.
  const rowStride = rows < columns ? 1 : columns;
  const columnStride = rows < columns ? columns : 1;
  for (let j = 0; j < short; j++) {
    const column = scratch + <usize>j * bytes;
    for (let i = 0; i < long; i++) {
      const at = target + ((<usize>(i * rowStride + j * columnStride)) << 2);
      store<f32>(at, <f32>(gain * load<f64>(column + ((<usize>i) << 3))));
    }
  }
}

/**
 * Takes from a column its components along all columns before it (of length 1), one after the other: the modified
 * Gram–Schmidt process.
 */
function removeAll(first: usize, column: usize, bytes: usize): void {
  for (let other = first; other < column; other += bytes) {
    const component = f64x2.splat(-dot(other, column, bytes));
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(column + at, f64x2.add(v128.load(column + at), f64x2.mul(component, v128.load(other + at))));
    }
  }
}

function lengthOf(column: usize, bytes: usize): f64 {
  return sqrt(dot(column, column, bytes));
}

/** Σ a·b over columns of `bytes` bytes: four pairs of lanes side by side, then one by one, then added in order. */
function dot(a: usize, b: usize, bytes: usize): f64 {
  let sum0 = f64x2.splat(0.0);
  let sum1 = f64x2.splat(0.0);
  let sum2 = f64x2.splat(0.0);
  let sum3 = f64x2.splat(0.0);
  const end = a + bytes;
  const unrolled = a + (bytes & ~63);
  while (a < unrolled) {
    sum0 = f64x2.add(sum0, f64x2.mul(v128.load(a), v128.load(b)));
    sum1 = f64x2.add(sum1, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
    sum2 = f64x2.add(sum2, f64x2.mul(v128.load(a, 32), v128.load(b, 32)));
    sum3 = f64x2.add(sum3, f64x2.mul(v128.load(a, 48), v128.load(b, 48)));
    a += 64;
    b += 64;
  }
  while (a < end) {
    sum0 = f64x2.add(sum0, f64x2.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  const sum = f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

function divide(column: usize, length: f64, bytes: usize): void {
  const lengths = f64x2.splat(length);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(column + at, f64x2.div(v128.load(column + at), lengths));
}
