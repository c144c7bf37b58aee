/** SimpleRNN, LSTM or GRU, by name: for what takes any of them (Bidirectional, TimeDistributed, tests). */
import { gru, type GruConfig } from './gru.js';
import { lstm, type LstmConfig } from './lstm.js';
import type { AnyPass } from './pass.js';
import type { Kept } from './recurrence.js';
import { simpleRnn, type SimpleRnnConfig } from './simple-rnn.js';
import type { Mask, Tensors } from './tensor.js';

export type RecurrentLayer =
  | { readonly layer: 'simpleRNN'; readonly config: SimpleRnnConfig }
  | { readonly layer: 'lstm'; readonly config: LstmConfig }
  | { readonly layer: 'gru'; readonly config: GruConfig };

export type AnyRecurrentPass = AnyPass & { readonly mask: Mask | undefined };

/** Inputs: x and, if wanted, all initial states. */
export function recurrent(
  { layer, config }: RecurrentLayer,
  weights: Tensors,
  [x, h, c]: Tensors,
  mask?: Mask,
  kept?: Kept,
): AnyRecurrentPass {
  switch (layer) {
    case 'simpleRNN':
      return simpleRnn(config, weights, [x, h], mask, kept);
    case 'lstm':
      return lstm(config, weights, [x, h, c], mask, kept);
    case 'gru':
      return gru(config, weights, [x, h], mask, kept);
  }
}
