import type { Backward } from '../../graph/backward.js';
import { idsOf, type EmbeddingConfig } from '../embedding.js';

/** Each row of the table gets the gradients of all places where it stands; numbers have none. */
export const embeddingBackward: Backward<EmbeddingConfig> = {
  emit: (context, { outputDim }) => {
    const dy = context.outputGradient();
    if (dy === null) return;
    const [ids, idStep, idRow, steps, batch] = idsOf(context.forward);
    const table = context.vectorGradient('embeddings');
    context.emit('embeddingBackward', ids, idStep, idRow, dy, table, steps, batch, outputDim);
  },
};
