import { known } from '../plan/known.js';
import { growth, valueBefore } from '../plan/growth.js';
import { batch, multiply, type Size } from '../plan/size.js';
import type { Graph } from './graph.js';
import type { SymbolicTensor } from './layer.js';

/** How many steps each tensor has in a run; in a stream, how many it gets with the steps that come in a run. */
export class StepCounter {
  readonly #graph: Graph;
  readonly #isStream: boolean;
  readonly #emitted = new Map<SymbolicTensor, Size | null>();

  constructor(graph: Graph, isStream: boolean) {
    this.#graph = graph;
    this.#isStream = isStream;
  }

  of(symbolic: SymbolicTensor): Size | null {
    const { shape, time } = symbolic;
    // A length that the shape fixes needs no symbol, but in a stream, where it comes in pieces.
    const emitted = this.#isStream ? this.emitted(symbolic) : time && (shape[1] ?? time);
    return emitted !== null && this.#isStream && typeof emitted !== 'number' ? growth(emitted) : emitted;
  }

  /** In a stream: how many steps of it came before. */
  before(symbolic: SymbolicTensor): Size {
    const emitted = this.emitted(symbolic);
    return emitted === null ? 0 : valueBefore(emitted);
  }

  /** How many sequences lie side by side; where the steps of others became sequences, as many as these have in a run. */
  batchOf(symbolic: SymbolicTensor): Size {
    const { node, batch: sequences } = symbolic;
    if (!this.#isStream || sequences === batch) return sequences;
    const inputs = node.inside ?? node.inputs;
    const alike = inputs.find((input) => input.batch === sequences);
    if (alike !== undefined) return this.batchOf(alike);
    const folded = known(inputs[0], node.layer.title);
    return multiply(this.of(folded) ?? 1, this.batchOf(folded));
  }

  /** How many steps of a tensor a stream has given after so many steps of its input, an expression of these. */
  emitted(symbolic: SymbolicTensor): Size | null {
    const found = this.#emitted.get(symbolic);
    if (found !== undefined) return found;
    const { node, index, time } = symbolic;
    const input = node.inside === null ? timedInput(symbolic) : node.inside[index];
    const isGiven = input === undefined || this.#graph.inputs.includes(symbolic);
    // What is pushed comes in equal steps.
    let emitted = isGiven && time !== null ? (this.#graph.inputs.find((one) => one.time !== null)?.time ?? time) : time;
    if (!isGiven && time !== null && typeof time !== 'number') {
      const before = this.emitted(input) ?? 1;
      emitted = node.inside === null ? node.layer.stepsAfter(before) : before;
    }
    this.#emitted.set(symbolic, emitted);
    return emitted;
  }
}

/** The input whose steps an output's follow: the first one that has the same sequences, and any number of steps. */
function timedInput({ node, batch: sequences }: SymbolicTensor): SymbolicTensor | undefined {
  const isAlong = (input: SymbolicTensor): boolean => input.batch === sequences && typeof input.time === 'object';
  return node.inputs.find((input) => isAlong(input) && input.time !== null) ?? node.inputs[0];
}

/**
 * Whether a run of a stream has some steps of a sequence, those that were pushed. Of a step that is a sequence itself all is there,
 * and of what is made of a value without time.
 */
export function isPushed({ batch: sequences, time }: SymbolicTensor): boolean {
  return sequences === batch && typeof time === 'object' && time !== null;
}
