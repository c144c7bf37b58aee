/**
 * A module of kernels and its memory, as the kernels' tests use them. Allocations lie between canaries: NaN in front and behind,
 * and NaN in every float until something is written, so that a kernel which reads or writes what it must not shows itself.
 */
import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';

export type Kernel = (...args: number[]) => number;

export interface Module {
  /** The exported functions. All must exist: a missing name throws when it is looked up. */
  readonly kernels: Readonly<Record<string, Kernel>>;
  readonly memory: WebAssembly.Memory;
  /** The module's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type BuildName = 'training' | 'training-relaxed' | 'inference' | 'inference-relaxed';

/** Does this engine know relaxed SIMD? (Node 20 does not, unless asked.) */
export const relaxedSimdIsSupported = WebAssembly.validate(
  // (module (func (result v128) f32x4.relaxed_madd of three v128.const, dropped into the result))
  Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b],
    ...[
      0x03, 0x02, 0x01, 0x00, 0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x85, 0x02, 0x0b,
    ],
  ),
);

/** The builds that can run here, deterministic first. */
export const trainingBuilds: readonly BuildName[] = relaxedSimdIsSupported
  ? ['training', 'training-relaxed']
  : ['training'];

/** A fresh instance of build/<name>.wasm. */
export function load(name: BuildName = 'training'): Module {
  const bytes = new Uint8Array(readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url)));
  const { exports } = instantiateSync(bytes);
  const functions = exports as Record<string, unknown>;
  const kernels = new Proxy<Record<string, Kernel>>(
    {},
    {
      get: (_, kernel) => {
        const found = functions[String(kernel)];
        if (typeof found !== 'function') throw new Error(`${name}.wasm exports no function ${String(kernel)}`);
        return found as Kernel;
      },
    },
  );
  if (!exports.memory) throw new Error(`${name}.wasm exports no memory`);
  return { kernels, memory: exports.memory, bytes };
}

const canaryFloats = 8;
const slackFloats = 4;
/** A quiet NaN whose payload no arithmetic produces: a canary that was overwritten, even by a NaN, is found. */
const canaryBits = 0x7fc0caca;

interface Allocation {
  readonly pointer: number;
  readonly floats: number;
}

/** Hands out memory behind the static data, in order, all of it at once to be taken back. */
export class Arena {
  private readonly allocations: Allocation[] = [];
  private readonly base: number;
  private next: number;

  constructor(readonly module: Module) {
    this.base = (module.kernels.heapBase() + 15) & ~15;
    this.next = this.base;
  }

  /** Room for so many floats, full of NaN, 16-byte aligned, with 16 bytes of slack and canaries around it. */
  allocate(floats: number): number {
    const pointer = this.next + canaryFloats * 4;
    this.next = (pointer + (floats + slackFloats + canaryFloats) * 4 + 15) & ~15;
    const missing = this.next - this.module.memory.buffer.byteLength;
    if (missing > 0) this.module.memory.grow(Math.ceil(missing / 65536));
    new Uint32Array(
      this.module.memory.buffer,
      pointer - canaryFloats * 4,
      floats + slackFloats + 2 * canaryFloats,
    ).fill(canaryBits);
    this.allocations.push({ pointer, floats });
    return pointer;
  }

  /** Memory that holds these floats. */
  put(values: ArrayLike<number>): number {
    const pointer = this.allocate(values.length);
    this.view(pointer, values.length).set(values);
    return pointer;
  }

  /** Memory that holds these 32-bit integers. */
  putIntegers(values: ArrayLike<number>): number {
    const pointer = this.allocate(values.length);
    new Int32Array(this.module.memory.buffer, pointer, values.length).set(values);
    return pointer;
  }

  /** A matrix [rows, columns], dense, laid out with row stride quad(columns) and the given value in its padding lanes. */
  putRows(values: ArrayLike<number>, rows: number, columns: number, padding = 0): number {
    const stride = quad(columns);
    const padded = new Float32Array(rows * stride).fill(padding);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) padded[r * stride + c] = values[r * columns + c];
    return this.put(padded);
  }

  /** The floats at an address. The view is detached by the next growth of the memory. */
  view(pointer: number, floats: number): Float32Array {
    return new Float32Array(this.module.memory.buffer, pointer, floats);
  }

  /** A copy of the floats at an address. */
  get(pointer: number, floats: number): Float32Array {
    return this.view(pointer, floats).slice();
  }

  /** The true part of a matrix of row stride quad(columns), dense. Its padding lanes must hold +0. */
  getRows(pointer: number, rows: number, columns: number): Float32Array {
    const stride = quad(columns);
    const padded = this.view(pointer, rows * stride);
    const dense = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) dense[r * columns + c] = padded[r * stride + c];
      for (let c = columns; c < stride; c++) {
        if (!Object.is(padded[r * stride + c], 0))
          throw new Error(`padding lane ${c} of row ${r} holds ${padded[r * stride + c]}`);
      }
    }
    return dense;
  }

  /** Throws if anything outside of an allocation was written. */
  check(): void {
    for (const { pointer, floats } of this.allocations) {
      const front = new Uint32Array(this.module.memory.buffer, pointer - canaryFloats * 4, canaryFloats);
      const back = new Uint32Array(this.module.memory.buffer, pointer + floats * 4, slackFloats + canaryFloats);
      const frontHit = front.findLastIndex((bits) => bits !== canaryBits);
      const backHit = back.findIndex((bits) => bits !== canaryBits);
      if (frontHit >= 0)
        throw new Error(`written ${(canaryFloats - frontHit) * 4} bytes before an allocation of ${floats} floats`);
      if (backHit >= 0) throw new Error(`written ${backHit * 4} bytes behind an allocation of ${floats} floats`);
    }
  }

  /** Checks all canaries and takes all memory back. */
  release(): void {
    this.check();
    this.allocations.length = 0;
    this.next = this.base;
  }
}

/** A row's stride in floats. */
export function quad(columns: number): number {
  return (columns + 3) & ~3;
}

/** Numbers of a test: the same at each run (xorshift32). */
export class Draw {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  /** A number in [0, 1). */
  uniform(): number {
    let s = this.state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.state = s;
    return (s >>> 8) / 0x1000000;
  }

  /** A whole number, both ends included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.uniform() * (to - from + 1));
  }

  /** Float32 numbers in [−scale, scale). */
  floats(count: number, scale = 1): Float32Array {
    return Float32Array.from({ length: count }, () => (this.uniform() * 2 - 1) * scale);
  }
}
