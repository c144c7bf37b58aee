import { SIGMOID, TANH } from '../elementwise/activations';
import { slopeQuad } from '../elementwise/activations-backward';
import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { product } from '../products/product';
import { droppedProductBackward } from './dropped-product-backward';
import { addGradientRow, clearBlockPadding, clearPadding, isValid, zeroRow } from './rows';
import { sigmoidSlope, tanhSlope } from './slopes';

/**
 * Backward through time of lstmForward, from what it kept.
 *   dc = dc_t + dh ⊙ o ⊙ act'(c_t),            dh = dOut_t + dh_t
 *   dz_i = dc ⊙ g ⊙ rec'(i),   dz_f = dc ⊙ c_{t-1} ⊙ rec'(f)
 *   dz_g = dc ⊙ i ⊙ act'(g),   dz_o = dh ⊙ act(c_t) ⊙ rec'(o)
 *   dc_{t-1} = dc ⊙ f,         dh_{t-1} = dz·Uᵀ
 * z [T, B, 4Hp] holds the activated gates and receives dz in their place: 0 in masked rows and padding.
 * c, tanhC [T, B, Hp] and c0 [B, Hp] are read. dOut [T, B, Hp] or 0. dh, dc [B, Hp]: gradients of the final states on
 * entry, of the initial ones on exit; a masked step hands them through. uT: panels of the transposed recurrent kernel.
 */
export function lstmBackward(
  z: usize,
  c: usize,
  tanhC: usize,
  c0: usize,
  dOut: usize,
  dh: usize,
  dc: usize,
  uT: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  lstmBackwardDropped(
    z,
    c,
    tanhC,
    c0,
    dOut,
    dh,
    dc,
    uT,
    0,
    0,
    mask,
    steps,
    batch,
    units,
    activation,
    recurrentActivation,
  );
}

/**
 * The same of lstmForwardDropped: dh_{t-1} = Σ_g factors_g ⊙ (dz_g·U_gᵀ). factors [4, B, Hp], or 0; with them uT is as
 * droppedProductBackward() has it, gate by gate. scratch [B, Hp].
 */
export function lstmBackwardDropped(
  z: usize,
  c: usize,
  tanhC: usize,
  c0: usize,
  dOut: usize,
  dh: usize,
  dc: usize,
  uT: usize,
  factors: usize,
  scratch: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const quads = (units + 3) >> 2;
  const rowBytes = quads << 4;
  const stepBytes = batch * rowBytes;
  for (let t = steps - 1; t >= 0; t--) {
    const cPrevious = t > 0 ? c + (t - 1) * stepBytes : c0;
    for (let b = 0; b < batch; b++) {
      const row = t * batch + b;
      const offset = row * rowBytes;
      const stateOffset = b * rowBytes;
      const dz = z + 4 * offset;
      if (dOut) addGradientRow(dh + stateOffset, dOut + offset, quads);
      if (isValid(mask, row)) {
        lstmRow(
          dz,
          tanhC + offset,
          cPrevious + stateOffset,
          dh + stateOffset,
          dc + stateOffset,
          quads,
          activation,
          recurrentActivation,
        );
        clearBlockPadding(dz, 4, units);
        clearPadding(dc + stateOffset, units);
      } else {
        zeroRow(dz, 4 * quads);
      }
    }
    const dz = z + 4 * t * stepBytes;
    if (factors)
      droppedProductBackward(dz, 4 * rowBytes, factors, uT, dh, rowBytes, scratch, 1, batch, units, units, 4);
    else product(dz, 4 * rowBytes, uT, 0, dh, rowBytes, batch, 1, 0, 16 * quads, units);
  }
}

/** The equations above for one row. All of dh_{t-1} comes through the product: its direct part is 0. */
function lstmRow(
  z: usize,
  activatedC: usize,
  cPrevious: usize,
  dh: usize,
  dc: usize,
  quads: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const usual = activation == TANH && recurrentActivation == SIGMOID;
  const end = dc + (quads << 4);
  do {
    const i = v128.load(z);
    const f = v128.load(z, 16);
    const g = v128.load(z, 32);
    const o = v128.load(z, 48);
    const y = v128.load(activatedC);
    let slopeI = sigmoidSlope(i);
    let slopeF = sigmoidSlope(f);
    let slopeG = tanhSlope(g);
    let slopeO = sigmoidSlope(o);
    let slopeY = tanhSlope(y);
    if (!usual) {
      slopeI = slopeQuad(recurrentActivation, i);
      slopeF = slopeQuad(recurrentActivation, f);
      slopeG = slopeQuad(activation, g);
      slopeO = slopeQuad(recurrentActivation, o);
      slopeY = slopeQuad(activation, y);
    }
    const dState = v128.load(dh);
    const dCell = flushTiny(multiplyAdd(f32x4.mul(dState, o), slopeY, v128.load(dc)));
    v128.store(z, f32x4.mul(f32x4.mul(dCell, g), slopeI));
    v128.store(z, f32x4.mul(f32x4.mul(dCell, v128.load(cPrevious)), slopeF), 16);
    v128.store(z, f32x4.mul(f32x4.mul(dCell, i), slopeG), 32);
    v128.store(z, f32x4.mul(f32x4.mul(dState, y), slopeO), 48);
    v128.store(dc, f32x4.mul(dCell, f));
    v128.store(dh, f32x4.splat(0));
    z += 64;
    activatedC += 16;
    cPrevious += 16;
    dh += 16;
    dc += 16;
  } while (dc < end);
}
