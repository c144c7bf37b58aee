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
  forAllQuads(source, sourceStride, packed, rows, units, gates, add);
}

/** The inverse of pack: panels → target [K, G·H], nothing but the true columns. */
export function unpack(packed: usize, target: usize, targetStride: i32, rows: i32, units: i32, gates: i32): void {
  forAllQuads(target, targetStride, packed, rows, units, gates, UNPACK);
}

const PACK = 0;
const UNPACK = 2;

/** Both ways in one function: it is not what takes time, and every byte of the module is shipped. */
function forAllQuads(matrix: usize, stride: i32, packed: usize, rows: i32, units: i32, gates: i32, way: i32): void {
  const quads = gates * ((units + 3) >> 2);
  for (let quad = 0; quad < quads; quad++) {
    const unit = (quad / gates) << 2;
    const lanes = unit + 4 > units ? lastQuadMask(units) : i32x4.splat(-1);
    let plain = matrix + ((<usize>((quad % gates) * units + unit)) << 2);
    let panel = quadInPanels(packed, quad, rows);
    const panelBytes = panelStride(quad, quads);
    for (let row = 0; row < rows; row++) {
      // The last quad of a gate reaches into the next gate, or into the slack behind the matrix: those lanes are left alone.
      const values = v128.load(plain);
      if (way == UNPACK) v128.store(plain, v128.bitselect(v128.load(panel), values, lanes));
      else if (way == PACK) v128.store(panel, v128.and(values, lanes));
      else v128.store(panel, f32x4.add(v128.load(panel), v128.and(values, lanes)));
      plain += stride;
      panel += panelBytes;
    }
  }
}
