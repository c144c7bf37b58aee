import { historyProductFrom, historyReserve, historyWrite } from '../conv/history-append';
import { activate } from '../elementwise/activations';
import { activateByInput } from '../elementwise/input-activations';
import { merge } from '../merging/merge';
import { product } from '../products/product';

/** Codes of the kernels that can be called here, as src/plan/fusion.ts numbers them. */
const PRODUCT = 0;
const ACTIVATE = 1;
const ACTIVATE_BY_INPUT = 2;
const HISTORY_APPEND = 3;
const HISTORY_PRODUCT = 4;

/** Bytes of a call: twelve entries of eight. */
const CALL_BYTES = 96;

/** Small enough that what a call writes is still in the cache for the next, and a multiple of product's four rows. */
const BLOCK_ROWS = 64;

/**
 * Several kernels over the same rows, block by block: all calls for the first 64 rows, then all for the next. So what one
 * call writes the next finds in the cache, and JavaScript calls once. Each row has the bits that single calls give.
 *
 * A call is a code, then its arguments, at `calls` + 8·i: a number and, where it is an address that moves from row to row,
 * the bytes by which it does. The arguments that count rows are left out of account: `rows` is told once for all calls.
 */
export function rowBlocks(calls: usize, count: i32, rows: i32): void {
  const end = calls + <usize>count * CALL_BYTES;
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const n = min(rows - first, BLOCK_ROWS);
    for (let at = calls; at < end; at += CALL_BYTES) {
      const code = load<i32>(at);
      if (code == PRODUCT) {
        product(
          address(at, 8, first),
          load<i32>(at, 16),
          load<usize>(at, 24),
          load<usize>(at, 32),
          address(at, 40, first),
          load<i32>(at, 48),
          n,
          load<i32>(at, 64),
          load<i32>(at, 72),
          load<i32>(at, 80),
          load<i32>(at, 88),
        );
      } else if (code == ACTIVATE) {
        activate(load<i32>(at, 8), address(at, 16, first), address(at, 24, first), n, load<i32>(at, 40));
      } else if (code == ACTIVATE_BY_INPUT) {
        const x = address(at, 24, first);
        const y = address(at, 32, first);
        activateByInput(load<i32>(at, 8), load<f32>(at, 16), x, y, n, load<i32>(at, 48));
      } else if (code == HISTORY_APPEND) {
        const state = load<usize>(at, 8);
        const rowBytes = load<i32>(at, 32);
        if (first == 0) historyReserve(state, rows, rowBytes, load<i32>(at, 40), load<i32>(at, 48));
        historyWrite(state, address(at, 16, first), n, rowBytes);
      } else if (code == HISTORY_PRODUCT) {
        historyProductFrom(
          first,
          load<usize>(at, 8),
          load<usize>(at, 16),
          load<usize>(at, 24),
          address(at, 32, first),
          load<i32>(at, 40),
          n,
          load<i32>(at, 56),
          load<i32>(at, 64),
          load<i32>(at, 72),
          load<i32>(at, 80),
          load<i32>(at, 88),
        );
      } else {
        merge(
          load<i32>(at, 8),
          address(at, 16, first),
          address(at, 24, first),
          address(at, 32, first),
          n,
          load<i32>(at, 48),
          n,
          load<f32>(at, 64),
        );
      }
    }
  }
}

/** The address that stands behind `offset` in a call, `first` rows on. */
function address(call: usize, offset: usize, first: i32): usize {
  return load<usize>(call + offset) + load<i32>(call + offset, 4) * first;
}
