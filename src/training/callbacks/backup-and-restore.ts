import { fields, flag, optional, text } from '../../options/options.js';
import type { RunningCallback } from './callback.js';
import { saveFreqReader } from './model-checkpoint.js';

export interface BackupAndRestoreOptions {
  /** The file of the backup. */
  path: string;
  /** 'epoch': after each epoch. A number: after so many batches, counted through the epochs. Default 'epoch'. */
  saveFreq?: 'epoch' | number;
  /** Whether the backup is removed when training ends well. Default true. */
  deleteCheckpoint?: boolean;
}

/**
 * Lets the same program be started again after a crash: `fit` goes on from the backup if there is one, ends with the same bits as if
 * nothing had happened, and removes it. As `keras.callbacks.BackupAndRestore`.
 */
export function runBackupAndRestore(given: unknown, where: string): RunningCallback {
  const { path, saveFreq, deleteCheckpoint } = fields(given, where, {
    path: text,
    saveFreq: optional(saveFreqReader, 'epoch'),
    deleteCheckpoint: optional(flag, true),
  });
  let batches = 0;
  let due: 'nothing' | 'save' | 'remove' = 'nothing';
  return {
    saves: 'checkpoint',
    checkpoint: (files) => files.read(path),
    onTrainBatchEnd: () => {
      if (saveFreq === 'epoch' || ++batches < saveFreq) return;
      [batches, due] = [0, 'save'];
    },
    onEpochEnd: () => {
      if (saveFreq === 'epoch') due = 'save';
    },
    onTrainEnd: () => {
      if (deleteCheckpoint) due = 'remove';
    },
    afterAll: ({ training }) => {
      const now = due;
      due = 'nothing';
      if (now === 'save') return training.save(path, { optimizer: true });
      return now === 'remove' ? training.files.remove(path) : undefined;
    },
    state: () => ({ numbers: { batches } }),
    restore: ({ numbers = {} }) => {
      ({ batches = batches } = numbers);
    },
  };
}
