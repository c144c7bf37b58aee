import { randomWords } from './philox';

/**
 * target[i] = mean + deviation · z, z standard normal, i < count; truncated = 1: z within ±2, as Keras's
 * TruncatedNormal, the deviation not corrected for what is cut off. z is the normal quantile of one random word
 * (truncated: of its place between the quantiles of ±2), so element i depends on (seed, stream, i) alone and nothing is
 * ever redrawn.
 */
export function randomNormal(
  target: usize,
  count: i32,
  mean: f64,
  deviation: f64,
  truncated: i32,
  seed: i32,
  stream: i32,
): void {
  for (let i = 0; i < count; i++) {
    store<f32>(target + ((<usize>i) << 2), <f32>(mean + deviation * standardNormal(i, truncated, seed, stream)));
  }
}

/** Φ(−2): the share of the normal distribution below −2. */
const BELOW_MINUS_TWO = 0.0227501319481792072;

/** What a random word stands for: the probability (w + ½)/2³², never 0 or 1. */
export function probabilityOf(word: u32): f64 {
  return (<f64>word + 0.5) * 2.3283064365386963e-10; // 2⁻³², exact
}

/** The standard normal number at one index of a stream. */
export function standardNormal(index: i32, truncated: i32, seed: i32, stream: i32): f64 {
  const words = randomWords(seed, stream, index >> 2, 0, 0, 0);
  const lane = index & 3;
  const pair = lane < 2 ? i64x2.extract_lane(words, 0) : i64x2.extract_lane(words, 1);
  const word = <u32>(lane & 1 ? pair >> 32 : pair);
  const u = probabilityOf(word);
  return normalQuantile(truncated ? BELOW_MINUS_TWO + u * (1.0 - 2.0 * BELOW_MINUS_TWO) : u);
}

/**
 * z with Φ(z) = p for p in [2⁻³³, 1 − 2⁻³³]: Wichura 1988, Algorithm AS 241 (PPND16), relative error about 1e-16.
 * Its third branch serves p below 1.4e-11, which 32 random bits cannot reach; so the largest |z| is 6.34.
 */
export function normalQuantile(p: f64): f64 {
  const q = p - 0.5;
  if (abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    const numerator =
      ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r +
        45921.953931549871457) *
        r +
        13731.693765509461125) *
        r +
        1971.5909503065514427) *
        r +
        133.14166789178437745) *
        r +
      3.387132872796366608;
    const denominator =
      ((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r + 21213.794301586595867) *
        r +
        5394.1960214247511077) *
        r +
        687.1870074920579083) *
        r +
        42.313330701600911252) *
        r +
      1.0;
    return (q * numerator) / denominator;
  }
  const r = sqrt(-NativeMath.log(q < 0.0 ? p : 1.0 - p)) - 1.6;
  const numerator =
    ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r +
      1.27045825245236838258) *
      r +
      3.64784832476320460504) *
      r +
      5.7694972214606914055) *
      r +
      4.6303378461565452959) *
      r +
    1.42343711074968357734;
  const denominator =
    ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r +
      0.14810397642748007459) *
      r +
      0.68976733498510000455) *
      r +
      1.6763848301838038494) *
      r +
      2.05319162663775882187) *
      r +
    1.0;
  const z = numerator / denominator;
  return q < 0.0 ? -z : z;
}
