import { lastQuadMask } from '../math/lanes';
import { panelStride, quadInPanels } from './panels';

/**
 * source [K, G·H] → panels of its gate-interleaved columns (./panels.ts). sourceStride: bytes from row to row.
 * add = 1 adds to what is packed already, as the two biases of a GRU's gates. A bias is a matrix of one row.
 */
export function pack(
  source: usize,
  sourceStride: i32,
  packed: usize,
  rows: i32,
  units: i32,
  gates: i32,
  add: i32,
): void {
  const quads = gates * ((units + 3) >> 2);
  for (let quad = 0; quad < quads; quad++) {
    const unit = (quad / gates) << 2;
    const gate = quad % gates;
    const lanes = unit + 4 > units ? lastQuadMask(units) : i32x4.splat(-1);
    const stride = panelStride(quad, quads);
    let from = source + ((<usize>(gate * units + unit)) << 2);
    let to = quadInPanels(packed, quad, rows);
    for (let row = 0; row < rows; row++) {
      // The last quad of a gate reaches into the next gate, or into the slack behind the matrix: those lanes are dropped.
      const values = v128.and(v128.load(from), lanes);
      v128.store(to, add ? f32x4.add(v128.load(to), values) : values);
      from += sourceStride;
      to += stride;
    }
  }
}

/** The inverse of pack: panels → target [K, G·H], nothing but the true columns. */
export function unpack(packed: usize, target: usize, targetStride: i32, rows: i32, units: i32, gates: i32): void {
  const quads = gates * ((units + 3) >> 2);
  for (let quad = 0; quad < quads; quad++) {
    const unit = (quad / gates) << 2;
    const gate = quad % gates;
    const bytes = min(units - unit, 4) << 2;
    const stride = panelStride(quad, quads);
    let from = quadInPanels(packed, quad, rows);
    let to = target + ((<usize>(gate * units + unit)) << 2);
    for (let row = 0; row < rows; row++) {
      memory.copy(to, from, bytes);
      from += stride;
      to += targetStride;
    }
  }
}
