import { known } from '../plan/known.js';
import { quad } from '../plan/size.js';
import { trainingKernels } from '../plan/training-kernels.js';
import {
  packedSize,
  packMatrices,
  widthOf,
  type LayerWeights,
  type Master,
  type Matrix,
  type Panels,
} from './weights.js';

interface Transposed {
  readonly address: number;
  readonly panels: Panels;
  readonly matrices: readonly Matrix[] | undefined;
}

/**
 * Weights in training: their canonical values are the master that the optimizer changes, the packed ones a copy, and for the
 * backward pass there are transposed panels beside these: those that some plan has asked for.
 */
export class MasterWeights implements Master {
  readonly #weights: LayerWeights;
  readonly #transposed = new Map<string, Transposed>();

  constructor(weights: LayerWeights) {
    this.#weights = weights;
    weights.materialize();
  }

  transposed(block: string, part: number, matrices?: readonly Matrix[]): number {
    const key = `${block}/${part}`;
    const found = this.#transposed.get(key);
    if (found !== undefined) return found.address;
    const panels = known(this.#weights.panels.get(key), block);
    const floats = matrices === undefined ? quad(panels.block.rows) * widthOf(panels.part) : packedSize(matrices);
    const made = { address: this.#weights.workspace.allocate(4 * floats), panels, matrices };
    this.#transposed.set(key, made);
    this.#pack(made);
    return made.address;
  }

  refresh(): void {
    for (const transposed of this.#transposed.values()) this.#pack(transposed);
  }

  #pack({ address, panels: { block, part }, matrices }: Transposed): void {
    const { workspace } = this.#weights;
    for (const source of part.sources) {
      const [from, stride] = this.#weights.locate(source);
      if (matrices !== undefined) packMatrices(workspace, from, address, matrices);
      else trainingKernels(workspace).packTransposed(from, stride, address, block.rows, part.units, part.gates);
    }
  }
}
