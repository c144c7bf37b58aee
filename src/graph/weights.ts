import type { Initializer } from '../initializers/initializer.js';
import { quad } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';

/** A weight as users see it: name and shape are Keras's. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

/** Where a packed part comes from: columns `column …` of the rows `row …` of a weight, seen as a matrix. */
export interface Source {
  readonly weight: string;
  readonly row: number;
  readonly column: number;
}

/**
 * Columns that are packed together: `gates` × `units`, gate-interleaved in blocks of four units (assembly/products/pack.ts).
 * Several sources are added once, at packing (GRU's two biases); none gives zeros (a layer without bias).
 */
export interface PackedPart {
  readonly sources: readonly Source[];
  readonly units: number;
  readonly gates: number;
}

/** Weights in the form that the product kernels read: the panels of all parts lie one after the other. */
export interface PackedBlock {
  readonly name: string;
  readonly rows: number;
  readonly parts: readonly PackedPart[];
  /** How many row groups (taps of a convolution) the backward pass wants transposed, each apart; 0: none. */
  readonly transposed: number;
}

/** Makes the first values of a weight. Training builds have one; a loaded model needs none. */
export type Initialize = (spec: WeightSpec, path: string) => Float32Array;

/** Floats in an interleaved row of a part. */
export function widthOf(part: PackedPart): number {
  return part.gates * quad(part.units);
}

/**
 * The weights of one built layer in a workspace. Vectors (biases) keep their canonical values; matrices are kept packed
 * only, until training makes the canonical values the master, from which packed and transposed copies are refreshed.
 */
export class LayerWeights {
  readonly specs: readonly WeightSpec[];
  readonly blocks: readonly PackedBlock[];
  readonly #workspace: Workspace;
  readonly #canonical = new Map<string, number>();
  readonly #packed = new Map<string, number>();
  readonly #transposed = new Map<string, number>();

  constructor(workspace: Workspace, specs: readonly WeightSpec[], blocks: readonly PackedBlock[]) {
    this.#workspace = workspace;
    this.specs = specs;
    this.blocks = blocks;
    for (const spec of specs) if (isVector(spec)) this.#allocateCanonical(spec);
    for (const block of blocks) {
      const floats = block.parts.reduce((sum, part) => sum + block.rows * widthOf(part), 0);
      this.#packed.set(block.name, workspace.allocate(4 * floats));
    }
  }

  /** The panels of a block. */
  packed(name: string): number {
    const address = this.#packed.get(name);
    if (address === undefined) throw new Error(`no packed weights "${name}"`);
    return address;
  }

  /** The panels of one part of a block. */
  part(name: string, index: number): number {
    const { rows, parts } = this.block(name);
    const before = parts.slice(0, index).reduce((sum, part) => sum + rows * widthOf(part), 0);
    return this.packed(name) + 4 * before;
  }

  /** The transposed panels of a part of a block, for one tap. */
  transposed(name: string, index: number, tap = 0): number {
    const address = this.#transposed.get(transposedKey(name, index, tap));
    if (address === undefined) throw new Error(`no transposed weights "${name}"`);
    return address;
  }

  block(name: string): PackedBlock {
    const block = this.blocks.find((candidate) => candidate.name === name);
    if (block === undefined) throw new Error(`no packed weights "${name}"`);
    return block;
  }

  spec(name: string): WeightSpec {
    const spec = this.specs.find((candidate) => candidate.name === name);
    if (spec === undefined) throw new Error(`no weight "${name}"`);
    return spec;
  }

  /** Where the master of a weight lies; only `prepareTraining` gives every weight one. */
  canonical(name: string): number {
    const address = this.#canonical.get(name);
    if (address === undefined) throw new Error(`no canonical values of weight "${name}"`);
    return address;
  }

  get(): Float32Array[] {
    return this.#withCanonical((addresses) =>
      this.specs.map((spec) => {
        const at = (addresses.get(spec.name) ?? 0) / 4;
        return this.#workspace.floats.slice(at, at + sizeOf(spec.shape));
      }),
    );
  }

  set(values: readonly Float32Array[]): void {
    this.#withCanonical((addresses) => {
      this.specs.forEach((spec, i) => {
        const value = values[i];
        if (value !== undefined) this.#workspace.floats.set(value, (addresses.get(spec.name) ?? 0) / 4);
      });
      this.#pack(addresses);
    });
  }

  /** Makes the canonical values of every weight the master, beside transposed copies for the backward pass. */
  prepareTraining(): void {
    const missing = this.specs.filter((spec) => !this.#canonical.has(spec.name));
    for (const spec of missing) this.#unpackInto(spec, this.#allocateCanonical(spec));
    for (const block of this.blocks) {
      block.parts.forEach((part, index) => {
        for (let tap = 0; tap < block.transposed; tap++) {
          const key = transposedKey(block.name, index, tap);
          const floats = quad(block.rows / block.transposed) * widthOf(part);
          if (!this.#transposed.has(key)) this.#transposed.set(key, this.#workspace.allocate(4 * floats));
        }
      });
    }
    this.#pack(this.#canonical);
  }

  /** Brings packed and transposed copies up to date with the master, after an optimizer's step. */
  refresh(): void {
    this.#pack(this.#canonical);
  }

  #allocateCanonical(spec: WeightSpec): number {
    const address = this.#workspace.allocate(4 * sizeOf(spec.shape));
    this.#canonical.set(spec.name, address);
    return address;
  }

  /** Runs a function with canonical values of every weight: the masters, or values unpacked for the moment. */
  #withCanonical<T>(use: (addresses: ReadonlyMap<string, number>) => T): T {
    const addresses = new Map(this.#canonical);
    const temporary: number[] = [];
    for (const spec of this.specs) {
      if (addresses.has(spec.name)) continue;
      const address = this.#workspace.allocate(4 * sizeOf(spec.shape));
      temporary.push(address);
      addresses.set(spec.name, address);
      this.#unpackInto(spec, address);
    }
    try {
      return use(addresses);
    } finally {
      for (const address of temporary) this.#workspace.release(address);
    }
  }

  #unpackInto(spec: WeightSpec, address: number): void {
    const columns = spec.shape.at(-1) ?? 1;
    for (const block of this.blocks) {
      block.parts.forEach((part, index) => {
        for (const source of part.sources) {
          if (source.weight !== spec.name) continue;
          const target = address + 4 * (source.row * columns + source.column);
          this.#workspace.kernels.unpack(
            this.part(block.name, index),
            target,
            4 * columns,
            block.rows,
            part.units,
            part.gates,
          );
        }
      });
    }
  }

  #pack(addresses: ReadonlyMap<string, number>): void {
    const { kernels } = this.#workspace;
    for (const block of this.blocks) {
      block.parts.forEach((part, index) => {
        part.sources.forEach((source, nth) => {
          const columns = this.spec(source.weight).shape.at(-1) ?? 1;
          const from = (addresses.get(source.weight) ?? 0) + 4 * (source.row * columns + source.column);
          const to = this.part(block.name, index);
          kernels.pack(from, 4 * columns, to, block.rows, part.units, part.gates, nth > 0 ? 1 : 0);
          this.#packTransposed(block, part, index, from, columns);
        });
      });
    }
  }

  #packTransposed(block: PackedBlock, part: PackedPart, index: number, from: number, columns: number): void {
    for (let tap = 0; tap < block.transposed; tap++) {
      const to = this.#transposed.get(transposedKey(block.name, index, tap));
      if (to === undefined) return;
      const rows = block.rows / block.transposed;
      const source = from + 4 * tap * rows * columns;
      this.#workspace.training.packTransposed(source, 4 * columns, to, rows, part.units, part.gates);
    }
  }
}

/** Biases stay canonical: what is summed at packing could not be unpacked, and they are small. */
function isVector(spec: WeightSpec): boolean {
  return spec.name === 'bias';
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function transposedKey(name: string, part: number, tap: number): string {
  return `${name}/${String(part)}/${String(tap)}`;
}
