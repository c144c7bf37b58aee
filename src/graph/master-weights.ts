import { quad } from '../plan/size.js';
import { widthOf, type LayerWeights, type Master, type Panels } from './weights.js';
import { trainingKernels } from '../plan/training-kernels.js';

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
    this.#forEachTap(({ block, part }, key) => {
      const floats = quad(block.rows / block.transposed) * widthOf(part);
      this.#transposed.set(key, weights.workspace.allocate(4 * floats));
    });
    this.refresh();
  }

  transposed(block: string, part: number, tap: number): number {
    const address = this.#transposed.get(`${block}/${part}/${tap}`);
    if (address === undefined) throw new Error(`no transposed weights "${block}"`);
    return address;
  }

  refresh(): void {
    this.#forEachTap(({ block, part }, key, tap) => {
      const rows = block.rows / block.transposed;
      for (const source of part.sources) {
        const [from, stride] = this.#weights.locate(source);
        const to = this.#transposed.get(key) ?? 0;
        const training = trainingKernels(this.#weights.workspace);
        training.packTransposed(from + tap * rows * stride, stride, to, rows, part.units, part.gates);
      }
    });
  }

  #forEachTap(use: (panels: Panels, key: string, tap: number) => void): void {
    for (const [key, panels] of this.#weights.panels) {
      for (let tap = 0; tap < panels.block.transposed; tap++) use(panels, `${key}/${tap}`, tap);
    }
  }
}
