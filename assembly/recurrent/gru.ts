import { activateQuads } from '../elementwise/activations';
import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { product } from '../products/product';
import { droppedProduct, multiplyRows } from './dropped-product';
import { clearPadding, copyRow, isValid, takeState, zeroRow } from './rows';

/**
 * A gated recurrent unit layer over whole sequences (one step: steps = 1).
 *   z, r = rec(z),  h_t = z ⊙ h_{t-1} + (1 − z) ⊙ candidate                     Cho et al. 2014
 *   resetAfter = 1:  kept = b' + h_{t-1}·U_h,  candidate = act(b + x·W_h + r ⊙ kept)        as cuDNN; Keras's default
 *   resetAfter = 0:  kept = r ⊙ h_{t-1},       candidate = act(b + x·W_h + kept·U_h)        the paper's
 * z [T, B, 3Hp] holds bias + x·W on entry: in each row 2Hp columns gate-interleaved z r, then Hp of the candidate.
 * uGates: panels of U's first 2H columns (two gates); uCandidate: of its last H. recurrentBias [Hp]: b', read only with
 * resetAfter. h0, hn [B, Hp]: initial and final state, which may be the same memory. h [T, B, Hp] or 0. A masked row
 * (mask [T, B], 0 = no mask) repeats its state.
 * training = 1: kept is [T, B, Hp], and z keeps the activated gates and the candidate; in masked rows z means nothing.
 * training = 0: kept is scratch, [B, Hp]; the bits are the same.
 */
export function gruForward(
  z: usize,
  uGates: usize,
  uCandidate: usize,
  recurrentBias: usize,
  h0: usize,
  h: usize,
  hn: usize,
  kept: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
  training: i32,
): void {
  gruForwardDropped(
    z,
    uGates,
    uCandidate,
    recurrentBias,
    0,
    0,
    h0,
    h,
    hn,
    kept,
    mask,
    steps,
    batch,
    units,
    activation,
    recurrentActivation,
    resetAfter,
    training,
  );
}

/**
 * The same with h_{t-1} ⊙ factors in each gate's product, and in that of the candidate, instead of h_{t-1}: recurrent dropout,
 * which training has. factors [3, B, Hp], in the order z r h: keep / (1 − rate), or 0: all is kept, and nothing of this is left
 * in the inference build. scratch: [3, B, Hp].
 */
export function gruForwardDropped(
  z: usize,
  uGates: usize,
  uCandidate: usize,
  recurrentBias: usize,
  factors: usize,
  scratch: usize,
  h0: usize,
  h: usize,
  hn: usize,
  kept: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
  training: i32,
): void {
  const quads = (units + 3) >> 2;
  const rowBytes = quads << 4;
  const zStride = 3 * rowBytes;
  // What of the state goes into the candidate.
  const fed = factors ? scratch + 2 * batch * rowBytes : hn;
  takeState(h0, hn, batch, units);
  for (let t = 0; t < steps; t++) {
    const candidate = z + 2 * rowBytes;
    if (factors) {
      droppedProduct(hn, rowBytes, factors, uGates, 0, z, zStride, scratch, 1, batch, units, units, 2);
      multiplyRows(hn, rowBytes, factors + 2 * batch * rowBytes, fed, batch, rowBytes);
    } else {
      product(hn, rowBytes, uGates, 0, z, zStride, batch, 1, 0, units, 8 * quads);
    }
    for (let b = 0; b < batch; b++) activateQuads(recurrentActivation, z + b * zStride, 2 * quads, 16);
    if (resetAfter) {
      product(fed, rowBytes, uCandidate, recurrentBias, kept, rowBytes, batch, 1, 0, units, units);
    } else {
      for (let b = 0; b < batch; b++) {
        const offset = b * rowBytes;
        // 0 in masked rows, because the gradient of U_h is a product over all rows of kept.
        if (isValid(mask, t * batch + b)) resetRow(z + b * zStride, fed + offset, kept + offset, quads);
        else zeroRow(kept + offset, quads);
      }
      product(kept, rowBytes, uCandidate, 0, candidate, zStride, batch, 1, 0, units, units);
    }
    for (let b = 0; b < batch; b++) {
      const gates = z + b * zStride;
      const state = hn + b * rowBytes;
      if (isValid(mask, t * batch + b)) {
        if (resetAfter) addResetRow(candidate + b * zStride, gates, kept + b * rowBytes, quads);
        activateQuads(activation, candidate + b * zStride, quads, 16);
        blendRow(gates, candidate + b * zStride, state, quads);
        clearPadding(state, units);
      }
      if (h) {
        copyRow(h, state, quads);
        h += rowBytes;
      }
    }
    z += batch * zStride;
    if (training) kept += batch * rowBytes;
  }
}

/** kept ← r ⊙ h */
function resetRow(gates: usize, h: usize, kept: usize, quads: i32): void {
  const end = h + (quads << 4);
  do {
    v128.store(kept, f32x4.mul(v128.load(gates, 16), v128.load(h)));
    gates += 32;
    h += 16;
    kept += 16;
  } while (h < end);
}

/** candidate ← candidate + r ⊙ kept */
function addResetRow(candidate: usize, gates: usize, kept: usize, quads: i32): void {
  const end = candidate + (quads << 4);
  do {
    v128.store(candidate, multiplyAdd(v128.load(gates, 16), v128.load(kept), v128.load(candidate)));
    candidate += 16;
    gates += 32;
    kept += 16;
  } while (candidate < end);
}

/** h ← z ⊙ h + (1 − z) ⊙ candidate */
function blendRow(gates: usize, candidate: usize, h: usize, quads: i32): void {
  const end = h + (quads << 4);
  do {
    const update = v128.load(gates);
    const fresh = f32x4.mul(f32x4.sub(f32x4.splat(1), update), v128.load(candidate));
    v128.store(h, flushTiny(multiplyAdd(update, v128.load(h), fresh)));
    gates += 32;
    candidate += 16;
    h += 16;
  } while (h < end);
}
