import type { KernelBuild } from '../kernels/build.js';
import type { TrainingKernels } from '../kernels/generated/kernels.js';
import { instantiate } from '../kernels/instance.js';
import { known } from './known.js';

const pageBytes = 65536;

/** Sizes are signed 32-bit integers in the kernels. */
const addressable = 0x80000000;

interface Block {
  address: number;
  bytes: number;
}

/**
 * Owns one WebAssembly instance and its memory. The weights of a graph of layers, the states of its sessions and one
 * scratch block that all plans overlay lie in it. Addresses of weights and states are stable for life; memory only grows.
 */
export class Workspace {
  readonly build: KernelBuild;
  /** The model that made it: for the error when layers of two workspaces meet. */
  readonly owner: string;
  /** Those of all layers of the models in it. */
  readonly names = new Set<string>();
  /** Backward kernels, optimizers and random numbers only where the build has them: `trainingKernels` asks. */
  readonly kernels: TrainingKernels;
  /** Views of the memory, made anew when it grows. They never leave the library. */
  floats: Float32Array;
  words: Int32Array;
  #end: number;
  readonly #used = new Map<number, number>();
  #free: Block[] = [];
  #scratch: Block = { address: 0, bytes: 0 };

  constructor(build: KernelBuild, owner: string) {
    this.build = build;
    this.owner = owner;
    this.kernels = instantiate(build);
    this.#end = align(this.kernels.heapBase());
    this.floats = new Float32Array(this.kernels.memory.buffer);
    this.words = new Int32Array(this.kernels.memory.buffer);
  }

  /** A block for life or until `release`, aligned to 16 bytes, filled with zeros. */
  allocate(bytes: number): number {
    const size = align(bytes) + 16;
    const found = this.#free.find((block) => block.bytes >= size);
    const address = found?.address ?? this.#end;
    if (found === undefined) {
      this.#grow(this.#end + size);
      this.#end += size;
    } else {
      found.address += size;
      found.bytes -= size;
    }
    this.#used.set(address, size);
    this.kernels.zero(address, size);
    return address;
  }

  /** Gives a block back to the free list; neighbours are joined. */
  release(address: number): void {
    const bytes = known(this.#used.get(address), `a block at ${address}`);
    this.#used.delete(address);
    const blocks = [...this.#free, { address, bytes }].sort((a, b) => a.address - b.address);
    this.#free = [];
    let last: Block | undefined;
    for (const block of blocks) {
      if (last !== undefined && last.address + last.bytes === block.address) last.bytes += block.bytes;
      else if (block.bytes > 0) this.#free.push((last = block));
    }
    if (last !== undefined && last.address + last.bytes === this.#end) {
      this.#end = last.address;
      this.#free.pop();
    }
  }

  /**
   * The scratch block, at least `bytes` long. It moves when it must grow; what a plan left in it is gone by then.
   * `PlanRunner` lays its tensors out in it, anew when the address has changed; between runs others may use it.
   */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.release(this.#scratch.address);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.allocate(bytes), bytes };
    }
    return this.#scratch.address;
  }

  #grow(end: number): void {
    const { memory } = this.kernels;
    const missing = end - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      if (end > addressable) throw new RangeError();
      memory.grow(Math.ceil(missing / pageBytes));
    } catch {
      throw new RangeError(
        `${this.owner}: out of memory: ${megabytes(end)} MB are needed, of ${megabytes(addressable)} MB at most`,
      );
    }
    this.floats = new Float32Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

function megabytes(bytes: number): string {
  return (bytes / 1048576).toFixed(0);
}
