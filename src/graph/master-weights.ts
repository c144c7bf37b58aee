import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import { packedSize, packMatrices, widthOf, type LayerWeights, type Master } from './weights.js';

/**
 * Weights in training: their canonical values are the master that the optimizer changes, the packed ones a copy, and for the
 * backward pass there are transposed panels beside these.
 */
export class MasterWeights implements Master {
  readonly #weights: LayerWeights;
  readonly #transposed = new Map<string, number>();

  constructor(weights: LayerWeights) {
    this.#weights = weights;
    weights.materialize();
    for (const [key, { block, part }] of weights.panels) {
      const { rows, transposed } = block;
      if (transposed === false) continue;
      const floats = transposed === true ? quad(rows) * widthOf(part) : packedSize(transposed);
      this.#transposed.set(key, weights.workspace.allocate(4 * floats));
    }
    this.refresh();
  }

  transposed(block: string, part: number): number {
    const address = this.#transposed.get(`${block}/${part}`);
    if (address === undefined) throw new Error(`no transposed weights "${block}"`);
    return address;
  }

  refresh(): void {
    const { workspace } = this.#weights;
    for (const [key, to] of this.#transposed) {
      const panels = this.#weights.panels.get(key);
      if (panels === undefined) continue;
      const { rows, transposed } = panels.block;
      const { sources, units, gates } = panels.part;
      for (const source of sources) {
        const [from, stride] = this.#weights.locate(source);
        if (typeof transposed === 'object') packMatrices(workspace, from, to, transposed);
        else trainingKernels(workspace).packTransposed(from, stride, to, rows, units, gates);
      }
    }
  }
}
