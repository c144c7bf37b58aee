import type { KernelBuild } from '../kernels/build.js';
import type { Workspace } from '../plan/workspace.js';
import type { Tensor, TensorLike } from '../tensors/tensor.js';
import { files } from '#files';
import type { Files } from './callbacks/callback.js';
import type { KeptTraining } from './kept-training.js';
import type { SavedBatchStates, Trainer } from './trainer.js';

/** What a thread needs to train a model for another. */
export interface LentModel {
  /** A checkpoint. */
  readonly file: Uint8Array;
  readonly build: KernelBuild;
  readonly files: Files;
  /** Lets the model be what it has become so far. */
  show(moment: ModelMoment): void;
  /** What hooks do, between two such moments. */
  setWeights(weights: readonly TensorLike[]): void;
  resetStates(): void;
  /** What the learning rate may be set to. @throws as where it is set. */
  readLearningRate(value: unknown): number;
}

/** What a running training has made of a model so far. */
export interface ModelMoment {
  readonly weights: readonly TensorLike[];
  /** What stateful layers remember. */
  readonly states: SavedBatchStates | null;
}

/** What came of a training in another thread. */
export interface TrainedElsewhere {
  /** A checkpoint. */
  readonly file: Uint8Array;
  /** Of the last gradients: no file holds it. */
  readonly gradientNorm: number;
}

/** The model that is lent; it can be changed while `fit` runs. */
interface Lender {
  readonly workspace: Workspace;
  getWeights(): Tensor[];
  setWeights(weights: readonly TensorLike[]): void;
  resetStates(): void;
}

/**
 * Lets another thread train, over a copy of the model: what has become of that is taken over. Where nothing has, it is as before.
 * @param train gives what came of it; null: training did not begin
 */
export async function lend(
  where: string,
  lender: Lender,
  trainer: Trainer,
  kept: KeptTraining,
  train: (lent: LentModel) => Promise<TrainedElsewhere | null>,
): Promise<void> {
  trainer.checkTrainable(where);
  let before: ModelMoment | undefined;
  const show = ({ weights, states }: ModelMoment): void => {
    lender.setWeights(weights);
    trainer.restoreStates(where, states);
  };
  const lent: LentModel = {
    file: kept.toBytes(trainer, kept.loaded),
    build: lender.workspace.build,
    files,
    show: (moment) => {
      before ??= { weights: lender.getWeights(), states: trainer.saveStates() };
      show(moment);
    },
    setWeights: (weights) => {
      lender.setWeights(weights);
    },
    resetStates: () => {
      lender.resetStates();
    },
    readLearningRate: (value) => trainer.readLearningRate(`${where}: learningRate`, value),
  };
  let trained: TrainedElsewhere | null = null;
  try {
    trained = await train(lent);
  } finally {
    if (trained === null && before !== undefined) show(before);
  }
  if (trained === null) return;
  kept.fromBytes(where, trainer, trained.file).take();
  trainer.gradientNorm = trained.gradientNorm;
  kept.loaded = undefined;
}
