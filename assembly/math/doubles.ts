/** Functions of float64 numbers that JavaScript's `Math` rounds as its engine likes: these give the same bits everywhere. */

export function exponential(x: f64): f64 {
  return NativeMath.exp(x);
}

export function logarithm(x: f64): f64 {
  return NativeMath.log(x);
}

export function cosine(x: f64): f64 {
  return NativeMath.cos(x);
}

export function power(base: f64, exponent: f64): f64 {
  return NativeMath.pow(base, exponent);
}
