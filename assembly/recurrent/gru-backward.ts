import { SIGMOID, TANH } from '../elementwise/activations';
import { slopeQuad } from '../elementwise/activations-backward';
import { multiplyAdd } from '../math/multiply-add';
import { product } from '../products/product';
import { multiplyRows } from './dropped-product';
import { droppedProductBackward } from './dropped-product-backward';
import { addGradientRow, clearBlockPadding, clearPadding, isValid, zeroRow } from './rows';
import { sigmoidSlope, tanhSlope } from './slopes';

/**
 * Backward through time of gruForward, from what it kept. With dh = dOut_t + dh_t:
 *   dz_h = dh ⊙ (1 − z) ⊙ act'(candidate)
 *   dz_z = dh ⊙ (h_{t-1} − candidate) ⊙ rec'(z)
 *   resetAfter = 1:  dKept = dz_h ⊙ r,  dz_r = dz_h ⊙ kept ⊙ rec'(r)
 *                    dh_{t-1} = dh ⊙ z + dKept·U_hᵀ + dz_zr·U_zrᵀ
 *   resetAfter = 0:  dKept = dz_h·U_hᵀ,  dz_r = dKept ⊙ h_{t-1} ⊙ rec'(r)
 *                    dh_{t-1} = dh ⊙ z + dKept ⊙ r + dz_zr·U_zrᵀ
 * z [T, B, 3Hp] holds the activated gates and the candidate and receives dz in their place: 0 in masked rows and padding.
 * h, kept [T, B, Hp] and h0 [B, Hp] are read. dKept: with resetAfter a result [T, B, Hp], 0 in masked rows and padding;
 * else scratch, [B, Hp]. dOut [T, B, Hp] or 0. dh [B, Hp]: the gradient of the final state on entry, of the initial state
 * on exit; a masked step hands it through. uGatesT, uCandidateT: panels of the transposes.
 */
export function gruBackward(
  z: usize,
  h: usize,
  h0: usize,
  kept: usize,
  dKept: usize,
  dOut: usize,
  dh: usize,
  uGatesT: usize,
  uCandidateT: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
): void {
  gruBackwardDropped(
    z,
    h,
    h0,
    kept,
    dKept,
    dOut,
    dh,
    uGatesT,
    uCandidateT,
    0,
    0,
    mask,
    steps,
    batch,
    units,
    activation,
    recurrentActivation,
    resetAfter,
  );
}

/**
 * The same of gruForwardDropped: each product's share of dh_{t-1}, and with resetAfter = 0 dKept too, ⊙ its factors. factors
 * [3, B, Hp], or 0; with them uGatesT is as droppedProductBackward() has it, gate by gate. scratch [B, Hp].
 */
export function gruBackwardDropped(
  z: usize,
  h: usize,
  h0: usize,
  kept: usize,
  dKept: usize,
  dOut: usize,
  dh: usize,
  uGatesT: usize,
  uCandidateT: usize,
  factors: usize,
  scratch: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
): void {
  const quads = (units + 3) >> 2;
  const rowBytes = quads << 4;
  const candidateFactors = factors + 2 * batch * rowBytes;
  const stepBytes = batch * rowBytes;
  for (let t = steps - 1; t >= 0; t--) {
    const hPrevious = t > 0 ? h + (t - 1) * stepBytes : h0;
    const dz = z + 3 * t * stepBytes;
    const dReset = resetAfter ? dKept + t * stepBytes : dKept;
    for (let b = 0; b < batch; b++) {
      const row = t * batch + b;
      const offset = b * rowBytes;
      const gates = dz + 3 * offset;
      const candidate = gates + 2 * rowBytes;
      if (dOut) addGradientRow(dh + offset, dOut + row * rowBytes, quads);
      if (isValid(mask, row)) {
        blendRow(gates, candidate, hPrevious + offset, dh + offset, quads, activation, recurrentActivation);
        if (resetAfter) {
          resetAfterRow(gates, candidate, kept + row * rowBytes, dReset + offset, quads, recurrentActivation);
          clearPadding(dReset + offset, units);
        } else {
          zeroRow(dReset + offset, quads);
        }
        clearBlockPadding(gates, 2, units);
        clearPadding(candidate, units);
      } else {
        zeroRow(gates, 3 * quads);
        zeroRow(dReset + offset, quads);
      }
    }
    if (resetAfter) {
      if (factors) {
        const stride = rowBytes;
        droppedProductBackward(
          dReset,
          stride,
          candidateFactors,
          uCandidateT,
          dh,
          stride,
          scratch,
          1,
          batch,
          units,
          units,
          1,
        );
      } else {
        product(dReset, rowBytes, uCandidateT, 0, dh, rowBytes, batch, 1, 0, 4 * quads, units);
      }
    } else {
      product(dz + 2 * rowBytes, 3 * rowBytes, uCandidateT, 0, dReset, rowBytes, batch, 1, 0, 4 * quads, units);
      if (factors) multiplyRows(dReset, rowBytes, candidateFactors, dReset, batch, rowBytes);
      for (let b = 0; b < batch; b++) {
        const offset = b * rowBytes;
        if (!isValid(mask, t * batch + b)) continue;
        resetBeforeRow(dz + 3 * offset, hPrevious + offset, dReset + offset, dh + offset, quads, recurrentActivation);
        clearBlockPadding(dz + 3 * offset, 2, units);
      }
    }
    if (factors)
      droppedProductBackward(dz, 3 * rowBytes, factors, uGatesT, dh, rowBytes, scratch, 1, batch, units, units, 2);
    else product(dz, 3 * rowBytes, uGatesT, 0, dh, rowBytes, batch, 1, 0, 8 * quads, units);
  }
}

/** candidate ← dz_h,  z ← dz_z,  dh ← dh ⊙ z: the part of dh_{t-1} that no product brings. */
function blendRow(
  gates: usize,
  candidate: usize,
  hPrevious: usize,
  dh: usize,
  quads: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const end = dh + (quads << 4);
  do {
    const update = v128.load(gates);
    const fresh = v128.load(candidate);
    const total = v128.load(dh);
    const dFresh = f32x4.mul(total, f32x4.sub(f32x4.splat(1), update));
    const dUpdate = f32x4.mul(total, f32x4.sub(v128.load(hPrevious), fresh));
    const freshSlope = activation == TANH ? tanhSlope(fresh) : slopeQuad(activation, fresh);
    const updateSlope = recurrentActivation == SIGMOID ? sigmoidSlope(update) : slopeQuad(recurrentActivation, update);
    v128.store(candidate, f32x4.mul(dFresh, freshSlope));
    v128.store(gates, f32x4.mul(dUpdate, updateSlope));
    v128.store(dh, f32x4.mul(total, update));
    gates += 32;
    candidate += 16;
    hPrevious += 16;
    dh += 16;
  } while (dh < end);
}

/** resetAfter = 1: dKept ← dz_h ⊙ r,  r ← dz_r */
function resetAfterRow(
  gates: usize,
  dCandidate: usize,
  kept: usize,
  dKept: usize,
  quads: i32,
  recurrentActivation: i32,
): void {
  const end = dKept + (quads << 4);
  do {
    const reset = v128.load(gates, 16);
    const dFresh = v128.load(dCandidate);
    v128.store(dKept, f32x4.mul(dFresh, reset));
    const slope = recurrentActivation == SIGMOID ? sigmoidSlope(reset) : slopeQuad(recurrentActivation, reset);
    v128.store(gates, f32x4.mul(f32x4.mul(dFresh, v128.load(kept)), slope), 16);
    gates += 32;
    dCandidate += 16;
    kept += 16;
    dKept += 16;
  } while (dKept < end);
}

/** resetAfter = 0: r ← dz_r,  dh ← dh + dKept ⊙ r */
function resetBeforeRow(
  gates: usize,
  hPrevious: usize,
  dKept: usize,
  dh: usize,
  quads: i32,
  recurrentActivation: i32,
): void {
  const end = dh + (quads << 4);
  do {
    const reset = v128.load(gates, 16);
    const dReset = v128.load(dKept);
    const slope = recurrentActivation == SIGMOID ? sigmoidSlope(reset) : slopeQuad(recurrentActivation, reset);
    v128.store(gates, f32x4.mul(f32x4.mul(dReset, v128.load(hPrevious)), slope), 16);
    v128.store(dh, multiplyAdd(dReset, reset, v128.load(dh)));
    gates += 32;
    hPrevious += 16;
    dKept += 16;
    dh += 16;
  } while (dh < end);
}
