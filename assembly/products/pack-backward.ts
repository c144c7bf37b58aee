import { lastQuadMask } from '../math/lanes';
import { panelStride, quadInPanels } from './panels';

/**
 * source [K, G·H] → panels of its transpose [G·Hp, K], for gradients of inputs: dx = dz·Wᵀ. Its rows are the gate-interleaved columns,
 * those of padding units 0; its columns are k, padded to a multiple of four.
 */
export function packTransposed(
  source: usize,
  sourceStride: i32,
  packed: usize,
  rows: i32,
  units: i32,
  gates: i32,
): void {
  const quads = gates * ((units + 3) >> 2);
  const rowQuads = (rows + 3) >> 2;
  for (let rowQuad = 0; rowQuad < rowQuads; rowQuad++) {
    const row = rowQuad << 2;
    const stride = panelStride(rowQuad, rowQuads);
    // Rows past the last are read as the last, and dropped.
    const lanes = row + 4 > rows ? lastQuadMask(rows) : i32x4.splat(-1);
    const from0 = source + <usize>(row * sourceStride);
    const from1 = source + <usize>(min(row + 1, rows - 1) * sourceStride);
    const from2 = source + <usize>(min(row + 2, rows - 1) * sourceStride);
    const from3 = source + <usize>(min(row + 3, rows - 1) * sourceStride);
    let to = quadInPanels(packed, rowQuad, quads << 2);
    for (let quad = 0; quad < quads; quad++) {
      const unit = (quad / gates) << 2;
      const column: usize = ((quad % gates) * units + unit) << 2;
      const a = v128.load(from0 + column);
      const b = v128.load(from1 + column);
      const c = v128.load(from2 + column);
      const d = v128.load(from3 + column);
      const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      const left = units - unit;
      const none = i32x4.splat(0);
      v128.store(to, v128.and(v128.shuffle<f32>(ab01, cd01, 0, 1, 4, 5), lanes));
      v128.store(to + stride, left > 1 ? v128.and(v128.shuffle<f32>(ab01, cd01, 2, 3, 6, 7), lanes) : none);
      v128.store(to + 2 * stride, left > 2 ? v128.and(v128.shuffle<f32>(ab23, cd23, 0, 1, 4, 5), lanes) : none);
      v128.store(to + 3 * stride, left > 3 ? v128.and(v128.shuffle<f32>(ab23, cd23, 2, 3, 6, 7), lanes) : none);
      to += stride << 2;
    }
  }
}

/** A gradient from gate-interleaved columns to the canonical ones: target [K, G·H] += source [K, G·Hp], true columns only. */
export function addUngated(source: usize, target: usize, targetStride: i32, rows: i32, units: i32, gates: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit += 4) {
      const end: usize = min(units - unit, 4) << 2;
      let to = target + ((<usize>unit) << 2);
      for (let gate = 0; gate < gates; gate++) {
        if (end == 16) v128.store(to, f32x4.add(v128.load(to), v128.load(source)));
        else for (let i: usize = 0; i < end; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(source + i));
        source += 16;
        to += (<usize>units) << 2;
      }
    }
    target += targetStride;
  }
}
