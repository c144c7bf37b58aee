import { callBytes } from './fusion.js';
import { known } from './known.js';
import { layOut, type Layout } from './layout.js';
import { isAddress, isTensor, tensorOf, type Argument, type Call, type Plan, type PlanTensor } from './plan.js';
import { batch, evaluate, type Sizes, type SizeSymbol } from './size.js';
import type { Workspace } from './workspace.js';

type Kernel = (...args: unknown[]) => unknown;

const none: readonly Argument[] = [];

/** Every tensor has 16 bytes of slack, so that the last quad of an unpadded block may be read whole. */
const slack = 16;

/**
 * One size (batch, time lengths) at which a plan runs, with the steps' arguments resolved for it. Kept by whoever runs
 * the plan again and again, so that a run at the same size resolves nothing and allocates nothing.
 */
export class Run {
  readonly sizes: Sizes = new Map();
  /** Address of the session's states, where the plan has some. */
  stateAddress = 0;
  readonly stateOffsets = new Map<PlanTensor, number>();
  /** Numbers. An array that never held anything else may keep them as doubles, and a call would box each of them. */
  readonly resolved: unknown[][] = [];
  /** Which layout the arguments were resolved for; −1: none yet. */
  version = -1;
  /** Where the calls of fused steps are written (./fusion.ts); 0: nowhere yet. */
  callsAddress = 0;

  set(symbol: SizeSymbol, value: number): void {
    if (this.sizes.get(symbol) === value) return;
    this.sizes.set(symbol, value);
    this.version = -1;
    // States are as large as the batch alone says.
    if (symbol === batch) this.stateOffsets.clear();
  }
}

/** Runs a plan in a workspace: lays its tensors out, resolves the steps' arguments, calls the kernels. */
export class PlanRunner {
  readonly plan: Plan;
  readonly #workspace: Workspace;
  readonly #kernels: Kernel[];
  /** How many calls fused steps stand for. */
  readonly #calls: number;
  /** The largest size in bytes that each tensor has needed so far. */
  #capacities: ReadonlyMap<PlanTensor, number> = new Map();
  #layout: Layout = { offsets: new Map(), bytes: 0 };
  #scratchAddress = -1;
  #version = 0;

  constructor(workspace: Workspace, plan: Plan) {
    this.plan = plan;
    this.#workspace = workspace;
    const kernels: Partial<Record<string, unknown>> = { ...workspace.kernels };
    this.#kernels = plan.steps.map(({ kernel }) => known(kernels[kernel] as Kernel | undefined, kernel));
    this.#calls = plan.steps.reduce((sum, { calls = [] }) => sum + calls.length, 0);
  }

  /** Gives back what `prepare` took for a run that will not run again. */
  release(run: Run): void {
    if (run.callsAddress > 0) this.#workspace.release(run.callsAddress);
    run.callsAddress = 0;
  }

  /** Makes room for a run of these sizes; afterwards `address` is good until another plan needs more room. */
  prepare(run: Run): void {
    if (run.version !== -1 && run.version === this.#version && this.#scratchIsWhereItWas()) return;
    const capacities = this.#outgrown(run.sizes);
    if (capacities !== null || !this.#scratchIsWhereItWas()) {
      // Nothing of the runner changes before the workspace has found the room.
      const layout = layOut(this.plan, capacities ?? this.#capacities);
      this.#scratchAddress = this.#workspace.scratch(layout.bytes);
      this.#layout = layout;
      this.#capacities = capacities ?? this.#capacities;
      this.#version++;
    }
    this.#resolve(run);
  }

  /** Where the first row of a tensor lies, in a prepared run. */
  address(tensor: PlanTensor, run: Run): number {
    if (tensor.region === 'state') return run.stateAddress + this.#stateOffset(tensor, run);
    const offset = known(this.#layout.offsets.get(tensor), tensor.name);
    return this.#scratchAddress + offset + evaluate(tensor.headBytes, run.sizes);
  }

  /** Calls the kernels of a prepared run, in order; `from` and `to` take a part of the steps. */
  execute(run: Run, from = 0, to = this.#kernels.length): void {
    for (let i = from; i < to; i++) {
      const kernel = this.#kernels[i];
      const args = run.resolved[i];
      if (kernel !== undefined && args !== undefined) kernel(...args);
    }
  }

  #scratchIsWhereItWas(): boolean {
    return this.#scratchAddress >= 0 && this.#workspace.scratch(this.#layout.bytes) === this.#scratchAddress;
  }

  /** The capacities that these sizes ask for; null: every tensor has room where it is. */
  #outgrown(sizes: Sizes): ReadonlyMap<PlanTensor, number> | null {
    let outgrown: Map<PlanTensor, number> | null = null;
    for (const tensor of this.plan.tensors) {
      if (tensor.region !== 'scratch') continue;
      const { bytes, headBytes, tailBytes } = tensor;
      const total = evaluate(headBytes, sizes) + evaluate(bytes, sizes) + evaluate(tailBytes, sizes);
      const needed = align(total) + slack;
      if (needed <= (this.#capacities.get(tensor) ?? 0)) continue;
      outgrown ??= new Map(this.#capacities);
      outgrown.set(tensor, needed);
    }
    return outgrown;
  }

  #stateOffset(tensor: PlanTensor, run: Run): number {
    if (run.stateOffsets.size === 0) stateOffsets(this.plan, run.sizes, run.stateOffsets);
    return run.stateOffsets.get(tensor) ?? 0;
  }

  #resolve(run: Run): void {
    // A stream with strides comes here at every push: it allocates nothing but the first time (tests/memory/memory.test.ts).
    const { steps } = this.plan;
    if (run.callsAddress === 0 && this.#calls > 0) run.callsAddress = this.#workspace.allocate(this.#calls * callBytes);
    let address = run.callsAddress;
    for (let i = 0; i < steps.length; i++) {
      const args = steps[i]?.arguments ?? none;
      const values = (run.resolved[i] ??= args.map(() => null));
      for (let j = 0; j < args.length; j++) {
        const value = this.#value(args[j] ?? 0, run);
        // What was computed as a double is stored as an integer where it is one: no object on the heap.
        if (values[j] !== value) values[j] = (value | 0) === value ? value | 0 : value;
      }
      const calls = steps[i]?.calls;
      if (calls === undefined) continue;
      values[0] = address;
      for (const call of calls) {
        this.#writeCall(call, run, address);
        address += callBytes;
      }
    }
    run.version = this.#version;
  }

  /** Writes a call for `rowBlocks`: its code, then each argument and by how many bytes it moves from row to row. */
  #writeCall(call: Call, run: Run, address: number): void {
    const { words, floats } = this.#workspace;
    let at = address / 4;
    words[at] = call.code;
    for (let i = 0; i < call.arguments.length; i++) {
      const argument = call.arguments[i] ?? 0;
      const value = this.#value(argument, run);
      at += 2;
      if (i === call.float) floats[at] = value;
      else words[at] = value;
      words[at + 1] = tensorOf(argument)?.rowBytes ?? 0;
    }
  }

  #value(argument: Argument, run: Run): number {
    if (isTensor(argument)) return this.address(argument, run);
    if (isAddress(argument)) return this.address(argument.tensor, run) + evaluate(argument.offset, run.sizes);
    return evaluate(argument, run.sizes);
  }
}

/** Lays the state tensors of a plan one after the other; returns the bytes of a session's block. */
export function stateOffsets(plan: Plan, sizes: Sizes, offsets = new Map<PlanTensor, number>()): number {
  let end = 0;
  for (const tensor of plan.tensors) {
    if (tensor.region !== 'state') continue;
    offsets.set(tensor, end);
    end += align(evaluate(tensor.bytes, sizes)) + slack;
  }
  return end;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
