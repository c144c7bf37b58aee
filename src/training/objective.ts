import type { SymbolicTensor } from '../graph/layer.js';
import type { Size } from '../plan/size.js';
import type { Mean, Over, TargetKind } from './measures.js';
import type { Metric } from './metrics.js';

/** An output with a loss. Outputs without one are not computed in training. */
export interface Objective {
  readonly symbolic: SymbolicTensor;
  /** What the user hands in for it. */
  readonly targets: SymbolicTensor;
  readonly targetKind: TargetKind;
  /** Whether layers are called on the targets: they are an input of the graph then. */
  readonly areTargetsInput: boolean;
  readonly loss: Over<Mean>;
  /** The loss's share in that of the model. */
  readonly lossWeight: number;
  /** How many rows a sample has in the loss: as many weights it may have. */
  readonly steps: Size;
  readonly metrics: readonly Over<Metric>[];
}
