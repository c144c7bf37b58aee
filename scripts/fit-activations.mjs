// Finds the coefficients of assembly/math/{exp,expm1,tanh,log,normal}.ts and prints them with their errors:
//   node scripts/fit-activations.mjs
// First a weighted least-squares fit in float64, its weights raised where the error is large until the error is level
// (Lawson's algorithm: the fit tends to the minimax one). Then the coefficients are rounded to float32 and moved by
// single units in the last place as long as that makes the kernel's own arithmetic, repeated here operation by
// operation in float32, more exact. Both steps are deterministic.

/**
 * @typedef {(x: number) => number} Real
 * @typedef {(x: number, coefficients: readonly number[]) => number} Approximation
 */

const f = Math.fround;

/**
 * Points between two bounds, denser towards the bounds.
 * @param {number} from
 * @param {number} to
 * @param {number} count
 */
function chebyshev(from, to, count) {
  const cosines = Array.from({ length: count }, (_, i) => Math.cos((Math.PI * (i + 0.5)) / count));
  return cosines.map((cosine) => (from + to) / 2 + ((to - from) / 2) * cosine);
}

/**
 * Float32 points between two bounds, evenly spaced but for an irregular shift.
 * @param {number} from
 * @param {number} to
 * @param {number} count
 */
function sample(from, to, count) {
  const shift = (/** @type {number} */ i) => (((i * 7919) % 1000) + 0.5) / 1000;
  return Array.from({ length: count }, (_, i) => f(from + ((to - from) * (i + shift(i))) / count));
}

/**
 * The coefficients c that minimise |A·c − b|, by Householder reflections.
 * @param {readonly (readonly number[])[]} rows a row of A, then the element of b
 */
function leastSquares(rows) {
  const a = rows.map((row) => [...row]);
  const n = a[0].length - 1;
  for (let k = 0; k < n; k++) {
    const v = a.slice(k).map((row) => row[k]);
    v[0] += (v[0] > 0 ? 1 : -1) * Math.hypot(...v);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    for (let j = k; j <= n; j++) {
      const dot = v.reduce((sum, x, i) => sum + x * a[k + i][j], 0);
      for (let i = 0; i < v.length; i++) a[k + i][j] -= (2 * dot * v[i]) / square;
    }
  }
  const c = rows[0].slice(0, n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    let rest = a[k][n];
    for (let j = k + 1; j < n; j++) rest -= a[k][j] * c[j];
    c[k] = rest / a[k][k];
  }
  return c;
}

/**
 * Fits by repeated least squares.
 * @param {readonly number[]} points
 * @param {(x: number, c: readonly number[]) => number[]} equation of a point, a factor for each coefficient and then the
 *   right side; it may depend on the coefficients so far, [] at first
 * @param {Approximation} error the outcome's relative error, which is to be level
 * @param {number} iterations
 */
function fit(points, equation, error, iterations) {
  let weights = points.map(() => 1);
  /** @type {number[]} */
  let coefficients = [];
  let best = { error: Infinity, coefficients };
  for (let i = 0; i < iterations; i++) {
    const equations = points.map((x, j) => equation(x, coefficients).map((value) => value * Math.sqrt(weights[j])));
    coefficients = leastSquares(equations);
    const errors = points.map((x) => Math.abs(error(x, coefficients)));
    const largest = Math.max(...errors);
    if (largest < best.error) best = { error: largest, coefficients };
    weights = weights.map((weight, j) => weight * (errors[j] / largest + 1e-3));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights = weights.map((weight) => weight / total);
  }
  return best;
}

/**
 * The largest error over points in units of the truth's last place; at least `limit` if it is more than that.
 * @param {Approximation} approximation
 * @param {readonly number[]} points
 * @param {readonly number[]} truths
 * @param {readonly number[]} coefficients
 */
function largestError(approximation, points, truths, coefficients, limit = Infinity) {
  let largest = 0;
  for (let i = 0; i < points.length && largest < limit; i++) {
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(truths[i]))) - 23);
    largest = Math.max(largest, Math.abs(approximation(points[i], coefficients) - truths[i]) / unit);
  }
  return largest;
}

/**
 * Moves float32 coefficients by units in their last place as long as the largest error falls.
 * @param {Approximation} approximation
 * @param {Real} truth
 * @param {readonly number[]} points
 * @param {readonly number[]} start
 * @param {number} rounds
 */
function refine(approximation, truth, points, start, rounds) {
  const truths = points.map(truth);
  let coefficients = start.map(f);
  let error = largestError(approximation, points, truths, coefficients);
  let state = 1;
  const random = (/** @type {number} */ n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let round = 0; round < rounds; round++) {
    const candidate = Float32Array.from(coefficients);
    const bits = new Int32Array(candidate.buffer);
    for (let moves = 1 + random(3); moves > 0; moves--) {
      const which = random(candidate.length);
      // The higher a coefficient's power, the less its last digits matter: it may move farther.
      bits[which] += (random(2) ? 1 : -1) * 2 ** random(2 + 2 * which);
    }
    const candidateError = largestError(approximation, points, truths, [...candidate], error);
    if (candidateError < error) {
      coefficients = [...candidate];
      error = candidateError;
    }
  }
  return { coefficients, error };
}

/**
 * @param {string} name
 * @param {number} fitError
 * @param {readonly number[]} coefficients
 * @param {Approximation} approximation
 * @param {Real} truth
 * @param {readonly number[]} points
 */
function report(name, fitError, coefficients, approximation, truth, points) {
  const error = largestError(approximation, points, points.map(truth), coefficients);
  console.log(`${name}: fit ${fitError.toExponential(1)} relative, as computed in float32 ${error.toFixed(2)} ulp`);
  for (const c of coefficients) console.log(`  ${String(c)}`);
}

/**
 * @param {readonly number[]} c
 * @param {number} x
 */
const polynomial = (c, x) => c.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/**
 * @param {number} x
 * @param {number} degree
 */
const powers = (x, degree) => Array.from({ length: degree + 1 }, (_, k) => x ** k);

// The kernels' arithmetic.
const add = (/** @type {number} */ a, /** @type {number} */ b) => f(a + b);
const mul = (/** @type {number} */ a, /** @type {number} */ b) => f(a * b);
const multiplyAdd = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c) => f(f(a * b) + c);

/**
 * e^r − 1 = r + r²·(c0 + c1·r + … + c4·r⁴).
 * @param {string} name
 * @param {number} from
 * @param {number} to
 * @param {Real} truth what the error is relative to
 * @param {(p: number, square: number, r: number) => number} combine the polynomial to the result
 */
function fitExponential(name, from, to, truth, combine) {
  /** @type {Real} */
  const tail = (r) =>
    Math.abs(r) < 0.03
      ? polynomial(
          [2, 6, 24, 120, 720].map((n) => 1 / n),
          r,
        )
      : (Math.expm1(r) - r) / r ** 2;
  /** @type {Real} */
  const weight = (r) => r ** 2 / truth(r);
  const fitted = fit(
    chebyshev(from, to, 300),
    (r) => [...powers(r, 4), tail(r)].map((value) => value * weight(r)),
    (r, c) => (polynomial(c, r) - tail(r)) * weight(r),
    60,
  );
  /** @type {Approximation} */
  const approximation = (r, [c0, c1, c2, c3, c4]) => {
    const square = mul(r, r);
    const low = multiplyAdd(c1, r, c0);
    const high = multiplyAdd(c4, square, multiplyAdd(c3, r, c2));
    return combine(multiplyAdd(high, square, low), square, r);
  };
  const { coefficients } = refine(approximation, truth, sample(from, to, 3000), fitted.coefficients, 10_000);
  report(name, fitted.error, coefficients, approximation, truth, sample(from, to, 800_001));
}

/**
 * tanh x = 2t / (1 + t²), t = tanh(x/2) = x·P(x²) / Q(x²), so tanh x = 2NQ / (N² + Q²) with N = x·P(x²). An error of t
 * counts 1 / cosh x times: hardly where tanh x is near 1. P and Q may be scaled alike: that changes where roundings fall.
 */
function fitTanh() {
  const limit = 9.02;
  const points = chebyshev(0, 2 * limit, 1600).filter((x) => x > 1e-3 && x < limit);
  const numerator = (/** @type {readonly number[]} */ c) => c.slice(0, 4);
  const denominator = (/** @type {readonly number[]} */ c) => [1, ...c.slice(4)];
  const fitted = fit(
    points,
    (x, c) => {
      const z = x ** 2;
      const t = Math.tanh(x / 2);
      const [one, ...higher] = powers(z, 2);
      const weight = (1 / Math.cosh(x) + 1e-5) / (t * polynomial(denominator(c), z));
      return [...powers(z, 3).map((p) => p * x), ...higher.map((p) => -p * t), one * t].map((value) => value * weight);
    },
    (x, c) => {
      const t = (x * polynomial(numerator(c), x ** 2)) / polynomial(denominator(c), x ** 2);
      return (2 * t) / (1 + t ** 2) / Math.tanh(x) - 1;
    },
    150,
  );
  /** @type {Approximation} */
  const approximation = (x, [p0, p1, p2, p3, q0, q1, q2]) => {
    const bounded = Math.min(x, f(limit));
    const z = mul(bounded, bounded);
    const n = mul(multiplyAdd(multiplyAdd(multiplyAdd(p3, z, p2), z, p1), z, p0), bounded);
    const q = multiplyAdd(multiplyAdd(q2, z, q1), z, q0);
    const half = mul(n, q);
    return f(add(half, half) / multiplyAdd(q, q, mul(n, n)));
  };
  // Units in the last place are coarsest, relative to the value, just above a power of two, and finest just below.
  const nearPowers = [0.5, 0.25, 0.125, 0.0625].flatMap((x) => sample(x / 1.01, 2 * x, 700));
  const hard = [...nearPowers, ...sample(1, 4, 1500), ...sample(4, 9, 500)];
  const scales = Array.from({ length: 64 }, (_, i) => 1 + i / 64);
  const candidates = scales.map((scale) => {
    const start = [...numerator(fitted.coefficients), ...denominator(fitted.coefficients)].map((c) => c * scale);
    return refine(approximation, Math.tanh, hard, start, 300);
  });
  const best = candidates.reduce((a, b) => (b.error < a.error ? b : a));
  const { coefficients } = refine(approximation, Math.tanh, hard, best.coefficients, 20_000);
  const all = [...sample(1e-6, 1, 400_000), ...sample(1, 10, 400_000)];
  report('tanh', fitted.error, coefficients, approximation, Math.tanh, all);
}

/** ln(1 + f) = f − f²/2 + f³·(c0 + … + c7·f⁷), 1 + f in [√½, √2). */
function fitLog() {
  const from = Math.SQRT1_2 - 1;
  const to = Math.SQRT2 - 1;
  const series = Array.from({ length: 30 }, (_, k) => (k % 2 ? -1 : 1) / (k + 3));
  /** @type {Real} */
  const tail = (x) => (Math.abs(x) < 0.05 ? polynomial(series, x) : (Math.log1p(x) - x + x ** 2 / 2) / x ** 3);
  /** @type {Real} */
  const weight = (x) => x ** 3 / Math.log1p(x);
  const fitted = fit(
    chebyshev(from, to, 300),
    (x) => [...powers(x, 7), tail(x)].map((value) => value * weight(x)),
    (x, c) => (polynomial(c, x) - tail(x)) * weight(x),
    60,
  );
  /** @type {Approximation} */
  const approximation = (x, c) => {
    const p = c.reduceRight((sum, coefficient) => multiplyAdd(sum, x, coefficient));
    const square = mul(x, x);
    return add(x, multiplyAdd(f(-0.5), square, mul(mul(p, x), square)));
  };
  const { coefficients } = refine(approximation, Math.log1p, sample(from, to, 3000), fitted.coefficients, 10_000);
  report('log', fitted.error, coefficients, approximation, Math.log1p, sample(from, to, 800_000));
}

/**
 * Φ(−a)·e^(a²/2): the tail of the normal distribution without the exponential that makes it fall. Near 0 from Φ's power
 * series, then by Laplace's continued fraction.
 * @type {Real}
 */
function scaledTail(a) {
  if (a > 3) {
    let fraction = a;
    for (let k = 400; k > 0; k--) fraction = a + k / fraction;
    return 1 / (fraction * Math.sqrt(2 * Math.PI));
  }
  let [term, sum] = [a, a];
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= a ** 2 / (2 * k + 1);
    sum += term;
  }
  return Math.exp(a ** 2 / 2) / 2 - sum / Math.sqrt(2 * Math.PI);
}

/**
 * scaledTail(a) = t·(c0 + … + c8·t⁸), t = 1 / (1 + 0.35·a), as Abramowitz & Stegun have it in 7.1.26. A smaller factor
 * of a fits better, but errors of t count for more.
 */
function fitNormalTail() {
  const factor = f(0.35);
  const limit = 14;
  const points = chebyshev(1 / (1 + factor * limit), 1, 300).map((t) => (1 / t - 1) / factor);
  const fitted = fit(
    points,
    (a, _) => [...powers(1 / (1 + factor * a), 9).slice(1), scaledTail(a)].map((value) => value / scaledTail(a)),
    (a, c) => polynomial([0, ...c], 1 / (1 + factor * a)) / scaledTail(a) - 1,
    60,
  );
  /** @type {Approximation} */
  const approximation = (a, c) => {
    const t = f(1 / multiplyAdd(factor, a, 1));
    return mul(
      c.reduceRight((sum, coefficient) => multiplyAdd(sum, t, coefficient)),
      t,
    );
  };
  const sampled = [...sample(0, 2, 2000), ...sample(2, limit, 1000)];
  const { coefficients } = refine(approximation, scaledTail, sampled, fitted.coefficients, 10_000);
  const all = [...sample(0, 2, 300_000), ...sample(2, limit, 300_000)];
  report('normal tail', fitted.error, coefficients, approximation, scaledTail, all);
}

fitExponential('exp', 0, 0.69315, Math.exp, (p, square, r) => multiplyAdd(p, square, add(1, r)));
fitExponential('expm1', -0.3466, 0.3466, Math.expm1, (p, square, r) => multiplyAdd(p, square, r));
fitTanh();
fitLog();
fitNormalTail();
