import { clearPadding } from '../elementwise/activations';
import { addFloat, gradientFactor, weightOf } from './rows';

/** ½ ln 2π */
const CONSTANT: f64 = 0.9189385332046727;

/**
 * Negative log-likelihood of normal distributions: of each value the mean over the features of ½ (ln v + (y − μ)² / v)
 * (Nix & Weigend 1994; PyTorch's GaussianNLLLoss).
 * prediction, gradient [rows, features] with padded rows hold n = features / 2 means μ, then n variances v (logVariance = 1: ln v),
 * target [rows, n]. v counts as at least epsilon; its slope is then that of epsilon (PyTorch). full = 1 adds ½ ln 2π.
 *   slope by μ (μ − y) / v,   by v ½ (1 − (y − μ)² / v) / v,   by ln v ½ (1 − (y − μ)² / v)
 *   result[0] = Σ weight · loss · n,   gradient += scale · weight · slope / (result[1] · n), where countRows has left what counts
 */
export function gaussianLikelihood(
  prediction: usize,
  target: usize,
  gradient: usize,
  weights: usize,
  rows: i32,
  features: i32,
  logVariance: i32,
  full: i32,
  epsilon: f32,
  scale: f64,
  result: usize,
): void {
  const half = features >> 1;
  const factor = gradientFactor(scale, result, half);
  const bytes: usize = ((features + 3) >> 2) << 4;
  const targetBytes: usize = ((half + 3) >> 2) << 4;
  let losses: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    for (let i = 0; i < half; i++) {
      const mean = <usize>row * bytes + ((<usize>i) << 2);
      const variance = mean + ((<usize>half) << 2);
      const given = <f64>load<f32>(prediction + variance);
      const own = logVariance ? NativeMath.exp(given) : given;
      const v = own < <f64>epsilon ? <f64>epsilon : own;
      const error =
        <f64>load<f32>(prediction + mean) - <f64>load<f32>(target + <usize>row * targetBytes + ((<usize>i) << 2));
      const share = (error * error) / v;
      losses += weight * (0.5 * (NativeMath.log(v) + share) + (full ? CONSTANT : 0));
      if (!gradient) continue;
      const slope = 0.5 * (1 - share);
      addFloat(gradient + mean, (factor * weight * error) / v);
      addFloat(gradient + variance, factor * weight * (logVariance ? slope : slope / v));
    }
  }
  if (gradient) clearPadding(gradient, rows, features);
  store<f64>(result, losses);
}
