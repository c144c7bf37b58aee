import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { flushSubnormal } from './adam';

/*
 * Kin of Adam, on blocks of count weights (a multiple of four); what is the same for all weights is worked out in float64. What they
 * remember is flushed as adam()'s m and v are.
 */

/** m ← β m + (1 − β) g */
function meanOf(m: usize, gradient: v128, kept: v128, added: v128): v128 {
  return flushTiny(multiplyAdd(v128.load(m), kept, f32x4.mul(gradient, added)));
}

/** v ← β v + (1 − β) g² */
function squareOf(v: usize, gradient: v128, kept: v128, added: v128): v128 {
  return flushSubnormal(multiplyAdd(v128.load(v), kept, f32x4.mul(f32x4.mul(gradient, gradient), added)));
}

/**
 * Nadam (Dozat 2016): m and v as Adam's, w ← w − learningRate · (ofMean · m + ofGradient · g) / (√(v / correction2) + ε). The two
 * shares follow from the schedule of β₁.
 */
export function nadam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  ofMean: f64,
  ofGradient: f64,
  correction2: f64,
): void {
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const new2 = f32x4.splat(<f32>(1.0 - beta2));
  const meanStep = f32x4.splat(<f32>(-learningRate * ofMean));
  const gradientStep = f32x4.splat(<f32>(-learningRate * ofGradient));
  const rootScale = f32x4.splat(<f32>(1.0 / sqrt(correction2)));
  const floor = f32x4.splat(<f32>epsilon);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const mean = meanOf(m + at, gradient, kept1, new1);
    const square = squareOf(v + at, gradient, kept2, new2);
    v128.store(m + at, mean);
    v128.store(v + at, square);
    const step = multiplyAdd(mean, meanStep, f32x4.mul(gradient, gradientStep));
    const divisor = multiplyAdd(f32x4.sqrt(square), rootScale, floor);
    v128.store(w + at, f32x4.add(v128.load(w + at), f32x4.div(step, divisor)));
  }
}

/** Adamax (Kingma & Ba 2015, section 7.1): u ← max(β₂ u, |g|), w ← w − learningRate / correction1 · m / (u + ε). */
export function adamax(
  w: usize,
  g: usize,
  m: usize,
  u: usize,
  count: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction1: f64,
): void {
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const rate = f32x4.splat(<f32>(-learningRate / correction1));
  const floor = f32x4.splat(<f32>epsilon);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const mean = meanOf(m + at, gradient, kept1, new1);
    const largest = flushTiny(f32x4.max(f32x4.mul(v128.load(u + at), kept2), f32x4.abs(gradient)));
    v128.store(m + at, mean);
    v128.store(u + at, largest);
    const step = f32x4.div(f32x4.mul(mean, rate), f32x4.add(largest, floor));
    v128.store(w + at, f32x4.add(v128.load(w + at), step));
  }
}

/** Adadelta (Zeiler 2012): a ← ρ a + (1 − ρ) g², Δ = −√(d + ε) / √(a + ε) · g, d ← ρ d + (1 − ρ) Δ², w ← w + learningRate · Δ. */
export function adadelta(
  w: usize,
  g: usize,
  a: usize,
  d: usize,
  count: i32,
  learningRate: f64,
  rho: f64,
  epsilon: f64,
): void {
  const kept = f32x4.splat(<f32>rho);
  const added = f32x4.splat(<f32>(1.0 - rho));
  const rate = f32x4.splat(<f32>-learningRate);
  const floor = f32x4.splat(<f32>epsilon);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const square = squareOf(a + at, gradient, kept, added);
    v128.store(a + at, square);
    const before = f32x4.sqrt(f32x4.add(v128.load(d + at), floor));
    const change = f32x4.mul(f32x4.div(before, f32x4.sqrt(f32x4.add(square, floor))), gradient);
    v128.store(d + at, squareOf(d + at, change, kept, added));
    v128.store(w + at, multiplyAdd(change, rate, v128.load(w + at)));
  }
}

/** Lion (Chen et al. 2023): w ← w − learningRate · sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g. */
export function lion(w: usize, g: usize, m: usize, count: i32, learningRate: f64, beta1: f64, beta2: f64): void {
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const new2 = f32x4.splat(<f32>(1.0 - beta2));
  const rate = f32x4.splat(<f32>learningRate);
  const sign = i32x4.splat(0x80000000);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const way = multiplyAdd(v128.load(m + at), kept1, f32x4.mul(gradient, new1));
    const step = v128.or(rate, v128.and(way, sign));
    const isStill = f32x4.eq(way, f32x4.splat(0));
    v128.store(m + at, meanOf(m + at, gradient, kept2, new2));
    v128.store(w + at, f32x4.sub(v128.load(w + at), v128.andnot(step, isStill)));
  }
}
