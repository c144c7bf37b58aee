import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { product } from '../products/product';
import { productGradient } from '../products/product-backward';

/**
 * The gradient of droppedProduct()'s x: dx[t, b, k] += Σ_g factors[g, b, k] · Σ_u dy[t, b, (g, u)] · W[k, (g, u)].
 * packedT: for each gate the panels of its own columns' transpose, quad(units)·quad(K) floats one behind the other (a call of
 * packTransposed with gates = 1 for each). scratch: [B, quad(K)].
 */
export function droppedProductBackward(
  dy: usize,
  dyStride: i32,
  factors: usize,
  packedT: usize,
  dx: usize,
  dxStride: i32,
  scratch: usize,
  steps: i32,
  batch: i32,
  inputs: i32,
  units: i32,
  gates: i32,
): void {
  const rowBytes = ((inputs + 3) >> 2) << 4;
  const unitQuads = (units + 3) >> 2;
  const gateBytes = (<usize>(unitQuads * rowBytes)) << 2;
  for (let t = 0; t < steps; t++) {
    for (let gate = 0; gate < gates; gate++) {
      memory.fill(scratch, 0, batch * rowBytes);
      const from = dy + ((<usize>gate) << 4);
      const w = packedT + <usize>gate * gateBytes;
      // A gate's columns lie in quads, one in `gates`: each quad is a tap of four inputs.
      product(from, dyStride, w, 0, scratch, rowBytes, batch, unitQuads, gates << 4, 4, inputs);
      addMultiplied(scratch, factors + <usize>(gate * batch * rowBytes), dx, dxStride, batch, inputs);
    }
    dy += batch * dyStride;
    dx += batch * dxStride;
  }
}

/** dx += rows ⊙ factors, the padding of dx 0 as after a product. */
function addMultiplied(rows: usize, factors: usize, dx: usize, dxStride: usize, batch: i32, inputs: i32): void {
  const rowBytes = (<usize>((inputs + 3) >> 2)) << 4;
  const lanes = lastQuadMask(inputs);
  for (let b = 0; b < batch; b++) {
    for (let i: usize = 0; i < rowBytes; i += 16) {
      v128.store(dx + i, multiplyAdd(v128.load(rows + i), v128.load(factors + i), v128.load(dx + i)));
    }
    const last = dx + rowBytes - 16;
    v128.store(last, v128.and(v128.load(last), lanes));
    rows += rowBytes;
    factors += rowBytes;
    dx += dxStride;
  }
}

/**
 * The gradient of droppedProduct()'s weights: dw[k, (g, u)] += Σ_t,b x[t, b, k] · factors[g, b, k] · dy[t, b, (g, u)], in
 * gate-interleaved columns, for addUngated(). The steps of each row of the batch are summed first (in blocks of 256), for its
 * factors are the same at all of them; rows are then added in order. scratch: as large as dw, [K, G·quad(units)].
 */
export function droppedProductGradient(
  x: usize,
  xStride: i32,
  factors: usize,
  dy: usize,
  dyStride: i32,
  dw: usize,
  scratch: usize,
  steps: i32,
  batch: i32,
  inputs: i32,
  units: i32,
  gates: i32,
): void {
  const rowBytes = (<usize>((inputs + 3) >> 2)) << 4;
  const quads = gates * ((units + 3) >> 2);
  const bytes = (<usize>(inputs * quads)) << 4;
  for (let b = 0; b < batch; b++) {
    memory.fill(scratch, 0, bytes);
    productGradient(x, batch * xStride, dy, batch * dyStride, scratch, steps, inputs, quads << 2);
    let target = dw;
    let source = scratch;
    for (let k = 0; k < inputs; k++) {
      for (let quad = 0; quad < quads; quad++) {
        const gate = quad % gates;
        const factor = v128.load32_splat(factors + <usize>(gate * batch) * rowBytes + ((<usize>k) << 2));
        v128.store(target, multiplyAdd(v128.load(source), factor, v128.load(target)));
        target += 16;
        source += 16;
      }
    }
    x += xStride;
    dy += dyStride;
    factors += rowBytes;
  }
}
