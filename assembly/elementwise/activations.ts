import { expQuad, expQuads } from '../math/exp';
import { expm1Quad } from '../math/expm1';
import { lastQuadMask } from '../math/lanes';
import { log1pQuad } from '../math/log';
import { sigmoidQuads } from '../math/sigmoid';
import { tanhQuads } from '../math/tanh';

/** Activation codes, as src/activations numbers them. All derivatives can be had from the output. */
export const LINEAR = 0;
export const RELU = 1;
export const TANH = 2;
export const SIGMOID = 3;
/** relu6(x + 3) / 6: Keras 3 */
export const HARD_SIGMOID = 4;
/** 0.2 x + 0.5, clipped to [0, 1]: Keras 2 and TensorFlow.js */
export const HARD_SIGMOID_LEGACY = 5;
export const RELU6 = 6;
/** x, below 0 eˣ − 1: Clevert et al. 2016 */
export const ELU = 7;
/** ELU scaled so that activations normalise themselves: Klambauer et al. 2017, whose constants these are */
export const SELU = 8;
export const SELU_SCALE: f32 = 1.0507009873554805;
export const SELU_BELOW: f32 = 1.7580993408473766; // scale · alpha, alpha = 1.6732632423543772
export const SOFTPLUS = 9;
export const SOFTSIGN = 10;
export const EXPONENTIAL = 11;

/** y = act(x) for [rows, features], in place allowed; the padding lanes of y become 0. */
export function activate(code: i32, x: usize, y: usize, rows: i32, features: i32): void {
  const quads = (features + 3) >> 2;
  memory.copy(y, x, (<usize>rows * quads) << 4);
  activateQuads(code, y, rows * quads, 16);
  clearPadding(y, rows, features);
}

/** Writes 0 to the padding lanes of all rows. */
export function clearPadding(y: usize, rows: i32, features: i32): void {
  if ((features & 3) == 0) return;
  const stride: usize = ((features + 3) >> 2) << 4;
  const mask = lastQuadMask(features);
  y += stride - 16;
  for (let row = 0; row < rows; row++) {
    v128.store(y, v128.and(v128.load(y), mask));
    y += stride;
  }
}

/**
 * Activates in place so many quads, which lie strideBytes apart. One branch on the code for all of them; tanh, sigmoid and exponential work
 * on two quads at a time, so a caller gives them as many as it can in one call.
 */
export function activateQuads(code: i32, pointer: usize, quads: i32, strideBytes: usize): void {
  if (quads == 0) return;
  if (code == TANH) tanhQuads(pointer, quads, strideBytes);
  else if (code == SIGMOID) sigmoidQuads(pointer, quads, strideBytes);
  else if (code == RELU) reluQuads(pointer, quads, strideBytes);
  else if (code == EXPONENTIAL) expQuads(pointer, quads, strideBytes, i32x4.splat(0));
  else if (code != LINEAR) activateOneByOne(code, pointer, quads, strideBytes);
}

function reluQuads(pointer: usize, quads: i32, strideBytes: usize): void {
  const end = pointer + <usize>quads * strideBytes;
  do {
    v128.store(pointer, f32x4.pmax(v128.load(pointer), f32x4.splat(0)));
    pointer += strideBytes;
  } while (pointer < end);
}

/** The rarer activations, whose branch for each quad costs little beside their arithmetic. */
function activateOneByOne(code: i32, pointer: usize, quads: i32, strideBytes: usize): void {
  const end = pointer + <usize>quads * strideBytes;
  do {
    let x = v128.load(pointer);
    switch (code) {
      case HARD_SIGMOID:
        x = f32x4.div(clamp(f32x4.add(x, f32x4.splat(3)), 6), f32x4.splat(6));
        break;
      case HARD_SIGMOID_LEGACY:
        x = clamp(f32x4.mul(f32x4.add(x, f32x4.splat(2.5)), f32x4.splat(0.2)), 1);
        break;
      case RELU6:
        x = clamp(x, 6);
        break;
      case ELU:
      case SELU:
        x = elu(x, code == SELU ? SELU_SCALE : 1, code == SELU ? SELU_BELOW : 1);
        break;
      case SOFTPLUS:
        x = softplus(x);
        break;
      case SOFTSIGN:
        x = softsign(x);
        break;
    }
    v128.store(pointer, x);
    pointer += strideBytes;
  } while (pointer < end);
}

/** x between 0 and a limit; NaN stays NaN. */
function clamp(x: v128, limit: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(limit));
}

function elu(x: v128, above: f32, below: f32): v128 {
  const negative = f32x4.mul(expm1Quad(x), f32x4.splat(below));
  return v128.bitselect(negative, f32x4.mul(x, f32x4.splat(above)), f32x4.lt(x, f32x4.splat(0)));
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) */
function softplus(x: v128): v128 {
  const tail = log1pQuad(expQuad(f32x4.neg(f32x4.abs(x))));
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), tail);
}

/** x / (1 + |x|); for large x that is ±1, and ∞ / ∞ must not come up. */
function softsign(x: v128): v128 {
  const limit = f32x4.splat(1e30);
  const bounded = f32x4.pmax(f32x4.pmin(x, limit), f32x4.neg(limit));
  return f32x4.div(bounded, f32x4.add(f32x4.splat(1), f32x4.abs(bounded)));
}
