import { TANH } from '../elementwise/activations';
import { slopeQuad } from '../elementwise/activations-backward';
import { product } from '../products/product';
import { droppedProductBackward } from './dropped-product-backward';
import { addGradientRow, clearPadding, isValid, zeroRow } from './rows';
import { tanhSlope } from './slopes';

/**
 * Backward through time of simpleRnnForward.
 *   dz_t = (dOut_t + dh_t) ⊙ act'(h_t),  dh_{t-1} = dz_t·Uᵀ
 * z [T, B, Hp] receives dz: 0 in masked rows and padding. h [T, B, Hp] is the forward result, dOut its gradient or 0.
 * dh [B, Hp]: the gradient of the final state on entry, of the initial state on exit; a masked step hands it through.
 * uT: panels of the transposed recurrent kernel.
 */
export function simpleRnnBackward(
  z: usize,
  h: usize,
  dOut: usize,
  dh: usize,
  uT: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
): void {
  simpleRnnBackwardDropped(z, h, dOut, dh, uT, 0, 0, mask, steps, batch, units, activation);
}

/** The same of simpleRnnForwardDropped: dh_{t-1} = factors ⊙ (dz_t·Uᵀ). factors [B, Hp] or 0; scratch [B, Hp]. */
export function simpleRnnBackwardDropped(
  z: usize,
  h: usize,
  dOut: usize,
  dh: usize,
  uT: usize,
  factors: usize,
  scratch: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
): void {
  const quads = (units + 3) >> 2;
  const rowBytes = quads << 4;
  for (let t = steps - 1; t >= 0; t--) {
    for (let b = 0; b < batch; b++) {
      const row = t * batch + b;
      const offset = row * rowBytes;
      const total = dh + b * rowBytes;
      if (dOut) addGradientRow(total, dOut + offset, quads);
      if (isValid(mask, row)) {
        simpleRnnRow(z + offset, h + offset, total, quads, activation);
        clearPadding(z + offset, units);
      } else {
        zeroRow(z + offset, quads);
      }
    }
    const dz = z + t * batch * rowBytes;
    if (factors) droppedProductBackward(dz, rowBytes, factors, uT, dh, rowBytes, scratch, 1, batch, units, units, 1);
    else product(dz, rowBytes, uT, 0, dh, rowBytes, batch, 1, 0, 4 * quads, units);
  }
}

/** dz ← dh ⊙ act'(h). All of dh_{t-1} comes through the product: its direct part is 0. */
function simpleRnnRow(dz: usize, h: usize, dh: usize, quads: i32, activation: i32): void {
  const end = dz + (quads << 4);
  do {
    const y = v128.load(h);
    const slope = activation == TANH ? tanhSlope(y) : slopeQuad(activation, y);
    v128.store(dz, f32x4.mul(v128.load(dh), slope));
    v128.store(dh, f32x4.splat(0));
    dz += 16;
    h += 16;
    dh += 16;
  } while (dz < end);
}
