/**
 * The golden cases of ../golden/further: those that the reference reproduces and the library does not have the layers for
 * yet. They are read as the others are (../golden-data.ts).
 */
import {
  loadLayerCase,
  loadTorchCase,
  loadTrainingCase,
  type LayerCaseName,
  type TfjsCase,
  type TorchCase,
  type TorchCaseName,
  type TrainingCaseName,
} from '../golden-data.js';

export const furtherLayerCases = [
  'bidirectional-gru-ave',
  'bidirectional-gru-concat',
  'bidirectional-lstm-ave',
  'bidirectional-lstm-concat',
  'bidirectional-simpleRNN-ave',
  'bidirectional-simpleRNN-concat',
  'conv1d-maxpool-globalavg',
  'conv1d-pool-lstm',
  'conv1d-same-s1-d1-k5',
  'conv1d-same-s2-d1-k3',
  'conv1d-valid-s1-d3-k3',
  'embedding-sentiment',
  'layernorm-lstm',
  'vector-to-sequence',
] as const;

export const furtherTrainingCases = [
  'train-batchnorm-conv',
  'train-bidirectional-adagrad',
  'train-conv-lstm-softmax',
  'train-embedding-gru-binary',
  'train-gru-rmsprop',
  'train-layernorm-l2',
] as const;

export const torchBidirectionalCases = ['gru-bidir', 'lstm-bidir', 'rnn-bidir'] as const;
export const torchWavenetCases = ['wavenet-gated-2x4', 'wavenet-relu-1x6'] as const;

export type FurtherLayerCaseName = (typeof furtherLayerCases)[number];
export type FurtherTrainingCaseName = (typeof furtherTrainingCases)[number];
export type FurtherTorchCaseName = (typeof torchBidirectionalCases)[number] | (typeof torchWavenetCases)[number];

/** The name by which the loaders, which know the other cases' folders, find one of these. */
const located = (folder: 'layers' | 'torch' | 'training', name: string): string => `../further/${folder}/${name}`;

export const loadFurtherLayerCase = (name: FurtherLayerCaseName): TfjsCase =>
  loadLayerCase(located('layers', name) as LayerCaseName);

export const loadFurtherTrainingCase = (name: FurtherTrainingCaseName): TfjsCase =>
  loadTrainingCase(located('training', name) as TrainingCaseName);

export const loadFurtherTorchCase = (name: FurtherTorchCaseName): TorchCase =>
  loadTorchCase(located('torch', name) as TorchCaseName);
