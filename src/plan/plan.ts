import type { TrainingKernels } from '../kernels/generated/kernels.js';
import { multiply, quad, type Size } from './size.js';

/** A kernel that a step can call: an exported function of the module. */
export type KernelName = Exclude<keyof TrainingKernels, 'memory'>;

/**
 * A block of float32 rows in linear memory, time-major, each row `quad(features)` floats long (the padding lanes are 0).
 * `scratch` tensors overlay each other as their lifetimes allow; `state` tensors outlive a run and lie in a session's block.
 */
export interface PlanTensor {
  readonly name: string;
  /** For the reader: what the axes are, such as [T, B, 20]. */
  readonly shape: readonly Size[];
  readonly bytes: Size;
  /** Bytes of one row; 0 for what has no rows of its own, such as dense staging blocks. */
  readonly rowBytes: number;
  /** Bytes before the first row that a consumer reads as history (zeroed by a step of each run). */
  readonly headBytes: Size;
  /** Bytes behind the last row that a consumer reads as padding (likewise zeroed). */
  readonly tailBytes: Size;
  readonly region: 'scratch' | 'state';
  /** Of a `state` tensor: what of it belongs to one sequence. */
  readonly sequence?: SequencePart;
}

/**
 * What a state keeps of one sequence of the batch: [place][batch][rows][features], rows `rowBytes` long.
 * A history (assembly/conv/history-append.ts) keeps the newest `kept` places, and says in a header where they end.
 */
export interface SequencePart {
  /** Places that count; null: all that there are, and no header. */
  readonly kept: number | null;
  readonly rows: number;
  readonly features: number;
  readonly rowBytes: number;
}

/** Bytes before the first place of a history. */
export const historyHeader = 16;

/** An address inside a tensor: its first row, plus an offset in bytes. */
export interface Address {
  readonly tensor: PlanTensor;
  readonly offset: Size;
}

/** A kernel's argument: a tensor (its first row), an address in it, or a number that the run's sizes give. */
export type Argument = PlanTensor | Address | Size;

export function isTensor(argument: Argument): argument is PlanTensor {
  return typeof argument === 'object' && 'region' in argument;
}

export function isAddress(argument: Argument): argument is Address {
  return typeof argument === 'object' && 'tensor' in argument;
}

/** A call of one kernel. Data, never a closure. */
export interface Step {
  readonly kernel: KernelName;
  readonly arguments: readonly Argument[];
  /** Which layer asked for it. */
  readonly owner: string;
  /** Of `rowBlocks`: the steps that it stands for (./fusion.ts). */
  readonly calls?: readonly Call[];
}

/** A step inside of a fused one. */
export interface Call extends Step {
  /** The kernel's, in assembly/fusion/row-blocks.ts. */
  readonly code: number;
  /** Which argument is no integer; −1: none. */
  readonly float: number;
}

/** The arguments of a kernel, with a plan's expressions in place of numbers. */
export type ArgumentsOf<K extends KernelName> = InPlan<Parameters<TrainingKernels[K]>>;

type InPlan<Numbers extends unknown[]> = { [I in keyof Numbers]: Argument };

export interface TensorOptions {
  /** Rows of zeros in front and behind. */
  readonly head?: Size;
  readonly tail?: Size;
}

/** Tensors and the steps over them, in order. Says nothing about where a tensor lies: see `layout.ts`. */
export class Plan {
  readonly tensors: PlanTensor[] = [];
  readonly steps: Step[] = [];
  /** What is filled before the first step (inputs), and what is read after the last (outputs). */
  readonly given = new Set<PlanTensor>();
  readonly wanted = new Set<PlanTensor>();

  /** Rows of features, padded: `leading` are the axes before the features, such as [T, B]. */
  rows(
    name: string,
    leading: readonly Size[],
    features: number,
    { head = 0, tail = 0 }: TensorOptions = {},
  ): PlanTensor {
    const rowBytes = 4 * quad(features);
    const bytes = multiply(leading.reduce(multiply, 1), rowBytes);
    const [headBytes, tailBytes] = [multiply(head, rowBytes), multiply(tail, rowBytes)];
    const region = 'scratch';
    return this.#add({ name, shape: [...leading, features], bytes, rowBytes, headBytes, tailBytes, region });
  }

  /** Values without padding: what users hand in and take out, and masks. */
  dense(name: string, shape: readonly Size[]): PlanTensor {
    const bytes = shape.reduce(multiply, 4);
    return this.#add({ name, shape, bytes, rowBytes: 0, headBytes: 0, tailBytes: 0, region: 'scratch' });
  }

  /** What outlives a run; rowBytes as in `rows`, 0: it is more than a row for each sequence. */
  state(name: string, shape: readonly Size[], bytes: Size, rowBytes: number, sequence: SequencePart): PlanTensor {
    return this.#add({ name, shape, bytes, rowBytes, headBytes: 0, tailBytes: 0, region: 'state', sequence });
  }

  emit<K extends KernelName>(owner: string, kernel: K, ...args: ArgumentsOf<K>): void {
    this.steps.push({ kernel, arguments: args, owner });
  }

  #add(tensor: PlanTensor): PlanTensor {
    this.tensors.push(tensor);
    return tensor;
  }
}

/** What a step reads and writes, for lifetimes and for people. */
export function tensorsOf(step: Step): PlanTensor[] {
  const own = step.arguments.flatMap((argument) => tensorOf(argument) ?? []);
  return [...own, ...(step.calls ?? []).flatMap(tensorsOf)];
}

/** The tensor that an argument is, or is an address in. */
export function tensorOf(argument: Argument): PlanTensor | null {
  return isTensor(argument) ? argument : isAddress(argument) ? argument.tensor : null;
}
