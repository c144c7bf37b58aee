import { activateQuads } from '../elementwise/activations';
import { flushTiny } from '../math/lanes';
import { product } from '../products/product';
import { droppedProduct } from './dropped-product';
import { clearPadding, copyRow, isValid, takeState } from './rows';

/**
 * A simple recurrent layer over whole sequences (one step: steps = 1).
 *   h_t = act(z_t + h_{t-1}·U)                                        Elman 1990
 * z [T, B, Hp] holds bias + x·W on entry and is used up. u: panels of the recurrent kernel.
 * h0, hn [B, Hp]: initial and final state, which may be the same memory. h [T, B, Hp] or 0.
 * A masked row (mask [T, B], 0 = no mask) repeats its state.
 */
export function simpleRnnForward(
  z: usize,
  u: usize,
  h0: usize,
  h: usize,
  hn: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
): void {
  simpleRnnForwardDropped(z, u, 0, 0, h0, h, hn, mask, steps, batch, units, activation);
}

/**
 * The same with h_{t-1} ⊙ factors instead of h_{t-1}: recurrent dropout, which training has. factors [B, Hp]: keep / (1 − rate),
 * or 0: all is kept, and nothing of this is left in the inference build. scratch: [B, Hp].
 */
export function simpleRnnForwardDropped(
  z: usize,
  u: usize,
  factors: usize,
  scratch: usize,
  h0: usize,
  h: usize,
  hn: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
): void {
  const quads = (units + 3) >> 2;
  const rowBytes = quads << 4;
  takeState(h0, hn, batch, units);
  for (let t = 0; t < steps; t++) {
    if (factors) droppedProduct(hn, rowBytes, factors, u, 0, z, rowBytes, scratch, 1, batch, units, units, 1);
    else product(hn, rowBytes, u, 0, z, rowBytes, batch, 1, 0, units, units);
    let state = hn;
    for (let b = 0; b < batch; b++) {
      if (isValid(mask, t * batch + b)) {
        activateQuads(activation, z, quads, 16);
        storeState(z, state, quads);
        clearPadding(state, units);
      }
      if (h) {
        copyRow(h, state, quads);
        h += rowBytes;
      }
      z += rowBytes;
      state += rowBytes;
    }
  }
}

function storeState(source: usize, state: usize, quads: i32): void {
  const end = state + (quads << 4);
  do {
    v128.store(state, flushTiny(v128.load(source)));
    source += 16;
    state += 16;
  } while (state < end);
}
