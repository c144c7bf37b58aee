// The kinds of works, and what is counted of them.
import {
  convolutionOperations,
  type ConvolutionWork,
  type WaveNetStepWork,
  type WaveNetWork,
} from './convolution-works.js';
import type { CheckpointWork, EpochWork, ThreadsWork } from './fit-works.js';
import { lstmOperations, type SequenceWork, type StepWork, type TrainingWork } from './lstm-works.js';
import type { PushWork, SessionsWork } from './stream-works.js';

export type Work =
  | StepWork
  | SequenceWork
  | TrainingWork
  | EpochWork
  | CheckpointWork
  | ThreadsWork
  | ConvolutionWork
  | WaveNetWork
  | WaveNetStepWork
  | SessionsWork
  | PushWork;

/** Multiplies and adds of a call's products, each counted; null where nobody counts them. */
export function operationsOf(work: Work): number | null {
  switch (work.kind) {
    case 'training':
    case 'epoch':
    case 'checkpoint':
    case 'threads':
    case 'sessions':
    case 'push':
      return null;
    case 'step':
      return lstmOperations(work);
    case 'sequence':
      return work.batch * work.steps * lstmOperations(work);
    default:
      return convolutionOperations(work);
  }
}

/** Seconds of sound that a call makes; null where it is not about sound. */
export function soundOf(work: Work): number | null {
  if (work.kind === 'wavenet') return work.steps / work.sampleRate;
  return work.kind === 'wavenet step' ? 1 / work.sampleRate : null;
}
