/**
 * The layout of packed weights. Gates are interleaved: the columns of G gates of H units become blocks of four units,
 *   G = 4: i i i i f f f f g g g g o o o o …,   G = 2: z z z z r r r r …,   G = 1: the units as they are,
 * so quad q of the columns holds units 4·⌊q/G⌋ … + 3 of gate q mod G; units past H are padding, and 0. There are G·⌈H/4⌉ quads.
 * Panels [N/8][K][8]: the columns in groups of eight, each group K contiguous rows. An odd last quad is a half panel, [K][4].
 */

/** Where quad `quad` of row 0 lies in panels of `rows` rows. */
export function quadInPanels(packed: usize, quad: i32, rows: i32): usize {
  return packed + ((<usize>(quad & ~1) * rows) << 4) + ((<usize>(quad & 1)) << 4);
}

/** How far apart a quad's rows lie: a panel's width, or that of the half panel if it is the odd last one of `quads`. */
export function panelStride(quad: i32, quads: i32): usize {
  return (quad | 1) < quads ? 32 : 16;
}
