import type { RandomPlace } from '../graph/randomness.js';
import { streamKey } from '../graph/stream-key.js';
import { integersOf, trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';

/** Rows in a new order (Fisher & Yates), by counter-based random numbers: that of an epoch is always the same. */
export function rowOrder(workspace: Workspace, rows: Int32Array, random: RandomPlace): Int32Array {
  const order = rows.slice();
  const words = workspace.allocate(16);
  const [{ philox }, integers] = [trainingKernels(workspace), integersOf(workspace)];
  const stream = streamKey('fit/shuffle');
  for (let i = order.length - 1; i > 0; i--) {
    philox(words, random.seed, stream, random.epoch, i, 0, 0);
    const word = (integers[words / 4] ?? 0) >>> 0;
    const j = Math.floor((word / 0x100000000) * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  workspace.release(words);
  return order;
}
