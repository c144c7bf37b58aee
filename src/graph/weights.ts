import { known } from '../plan/known.js';
import { quad } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { copyArguments, reversed, type Copy } from './copy.js';
import { sizeOf } from '../tensors/tensor.js';

/** A weight as users see it: name and shape are Keras's. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether the optimizer changes it; absent: yes. Moving averages are not. */
  readonly trainable?: false;
  /** Rows [last axis] that lie padded to whole quads, for kernels that read them where they are (Embedding). */
  readonly padded?: true;
  /** Columns of the matrix that packing sees; absent: the last axis. */
  readonly columns?: number;
  /** The layer's config. What it says of a weight's training, such as kernelInitializer, is read by training alone. */
  readonly options: object;
}

/** A weight as a kind of layer declares it; absent options: the layer's config. */
export type DeclaredWeight = Omit<WeightSpec, 'options'> & Partial<Pick<WeightSpec, 'options'>>;

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
  /** Of one weight whose rows lie in another order than the kernel takes them in: the panels are these, one behind the other. */
  readonly matrices?: readonly Matrix[];
}

/** A matrix for packing whose rows are not a weight's, but made of its values. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** From the weight to the matrix. */
  readonly copy: Copy;
}

/** Weights in the form that the product kernels read: the panels of all parts lie one after the other. */
export interface PackedBlock {
  readonly name: string;
  readonly rows: number;
  readonly parts: readonly PackedPart[];
}

/** A vector [features] that is computed from weights, or from the layer's options, whenever the weights change. */
export interface DerivedVector {
  readonly name: string;
  readonly features: number;
  /** Writes it, to an address. */
  compute(weights: LayerWeights, address: number): void;
}

/** Makes the first values of a weight of a layer. Training has one; a loaded model needs none. */
export type Initialize = (spec: WeightSpec, layer: string) => Float32Array;

/** Floats in an interleaved row of a part. */
export function widthOf(part: PackedPart): number {
  return part.gates * quad(part.units);
}

/** A part where it lies packed. */
export interface Panels {
  readonly address: number;
  readonly block: PackedBlock;
  readonly part: PackedPart;
}

/** What training keeps beside the packed weights: `MasterWeights`. */
export interface Master {
  /** The model whose `fit` is changing them. */
  readonly fitting?: { readonly name: string } | undefined;
  /** The transposed panels of a part of a block, made when first asked for; or of such matrices of its weight. */
  transposed(block: string, part: number, matrices?: readonly Matrix[]): number;
  /** Brings them up to date. */
  refresh(): void;
}

/**
 * The weights of one built layer in a workspace. Biases keep their canonical values (what is summed at packing could not be
 * unpacked, and they are small); matrices are kept packed only, until training makes the canonical values the master.
 */
export class LayerWeights {
  readonly specs: readonly WeightSpec[];
  readonly panels = new Map<string, Panels>();
  readonly workspace: Workspace;
  /** Undefined until a model over the layer is trained. */
  master: Master | undefined;
  /** Addresses of those in Keras's layout, and of derived vectors, by name. */
  readonly #canonical = new Map<string, number>();
  readonly #derived: readonly DerivedVector[];

  constructor(
    workspace: Workspace,
    specs: readonly WeightSpec[],
    blocks: readonly PackedBlock[],
    derived: readonly DerivedVector[] = [],
  ) {
    this.workspace = workspace;
    this.specs = specs;
    this.#derived = derived;
    const packed = new Set(blocks.flatMap(({ parts }) => parts.flatMap(({ sources }) => sources.map((s) => s.weight))));
    for (const spec of specs) if (spec.name === 'bias' || !packed.has(spec.name)) this.#place(spec);
    for (const block of blocks) {
      const bytesOf = (part: PackedPart): number => 4 * block.rows * widthOf(part);
      let address = workspace.allocate(block.parts.reduce((sum, part) => sum + bytesOf(part), 0));
      block.parts.forEach((part, index) => {
        this.panels.set(`${block.name}/${index}`, { address, block, part });
        address += bytesOf(part);
      });
    }
    for (const { name, features } of derived) this.#canonical.set(name, workspace.allocate(4 * quad(features)));
    this.#derive();
  }

  /** Whether nothing of it lies in the workspace: then its layer goes with any. */
  get areNone(): boolean {
    return this.panels.size + this.#canonical.size === 0;
  }

  /** One part of a block. */
  part(block: string, index: number): Panels {
    return known(this.panels.get(`${block}/${index}`), block);
  }

  /** Where the values of a weight lie in Keras's layout: of biases, and of all once `materialize` was called. */
  canonical(name: string): number {
    return known(this.#canonical.get(name), name);
  }

  /** The same, or where a derived vector lies; 0 where there is none of the name. */
  vector(name: string): number {
    return this.#canonical.get(name) ?? 0;
  }

  get(): Float32Array[] {
    return this.#withCanonical(() =>
      this.specs.map((spec) => {
        const at = this.canonical(spec.name) / 4;
        return withoutPadding(spec, this.workspace.floats.subarray(at, at + storedSize(spec)));
      }),
    );
  }

  set(values: readonly Float32Array[]): void {
    this.#withCanonical(() => {
      this.specs.forEach((spec, i) => {
        const at = this.canonical(spec.name) / 4;
        storeValues(spec, known(values[i], spec.name), this.workspace.floats.subarray(at, at + storedSize(spec)));
      });
      this.pack();
    });
  }

  /** Brings the packed weights, and a master's transposed ones, up to date with the canonical values of all weights. */
  pack(): void {
    for (const { address, block, part } of this.panels.values()) {
      part.sources.forEach((source, nth) => {
        const [from, stride] = this.locate(source);
        if (part.matrices !== undefined) packMatrices(this.workspace, from, address, part.matrices);
        else this.workspace.kernels.pack(from, stride, address, block.rows, part.units, part.gates, nth > 0 ? 1 : 0);
      });
    }
    this.#derive();
    this.master?.refresh();
  }

  #derive(): void {
    for (const vector of this.#derived) vector.compute(this, this.canonical(vector.name));
  }

  /** Gives every weight canonical values; returns those that had none. */
  materialize(): readonly WeightSpec[] {
    const missing = this.specs.filter(({ name }) => !this.#canonical.has(name));
    for (const spec of missing) {
      this.#place(spec);
      for (const { address, block, part } of this.panels.values()) {
        for (const source of part.sources) {
          if (source.weight !== spec.name) continue;
          const [to, stride] = this.locate(source);
          if (part.matrices !== undefined) unpackMatrices(this.workspace, address, to, part.matrices);
          else this.workspace.kernels.unpack(address, to, stride, block.rows, part.units, part.gates);
        }
      }
    }
    return missing;
  }

  /** Where a source's first value lies, and the bytes from one row to the next. */
  locate({ weight, row, column }: Source): [address: number, stride: number] {
    const spec = this.specs.find(({ name }) => name === weight);
    const columns = spec?.columns ?? spec?.shape.at(-1) ?? 1;
    return [this.canonical(weight) + 4 * (row * columns + column), 4 * columns];
  }

  #place(spec: WeightSpec): void {
    this.#canonical.set(spec.name, this.workspace.allocate(4 * storedSize(spec)));
  }

  /** Runs a function while every weight has canonical values. */
  #withCanonical<T>(use: () => T): T {
    const temporary = this.materialize();
    try {
      return use();
    } finally {
      for (const { name } of temporary) {
        this.workspace.release(this.canonical(name));
        this.#canonical.delete(name);
      }
    }
  }
}

/** Packs matrices of the weight at `from`, one behind the other. */
export function packMatrices(workspace: Workspace, from: number, to: number, matrices: readonly Matrix[]): void {
  forEachMatrix(workspace, matrices, to, (scratch, panels, { rows, columns, copy }) => {
    workspace.kernels.copyRows(...numbers(copy, from, scratch));
    workspace.kernels.pack(scratch, 4 * columns, panels, rows, columns, 1, 0);
  });
}

function unpackMatrices(workspace: Workspace, from: number, to: number, matrices: readonly Matrix[]): void {
  forEachMatrix(workspace, matrices, from, (scratch, panels, { rows, columns, copy }) => {
    workspace.kernels.unpack(panels, scratch, 4 * columns, rows, columns, 1);
    workspace.kernels.copyRows(...numbers(reversed(copy), scratch, to));
  });
}

function forEachMatrix(
  workspace: Workspace,
  matrices: readonly Matrix[],
  panels: number,
  use: (scratch: number, panels: number, matrix: Matrix) => void,
): void {
  const scratch = workspace.allocate(4 * Math.max(...matrices.map(({ rows, columns }) => rows * columns)));
  let at = panels;
  for (const matrix of matrices) {
    use(scratch, at, matrix);
    at += 4 * packedSize([matrix]);
  }
  workspace.release(scratch);
}

/** The arguments of a copy whose lengths are all known. */
function numbers(copy: Copy, from: number, to: number): Parameters<Workspace['kernels']['copyRows']> {
  return copyArguments(copy, from, to) as Parameters<Workspace['kernels']['copyRows']>;
}

/** Floats that the panels of matrices take. */
export function packedSize(matrices: readonly Matrix[]): number {
  return matrices.reduce((sum, { rows, columns }) => sum + rows * quad(columns), 0);
}

/** Floats of a row, and from one row to the next; a weight without padding is one row. */
function rowOf({ shape, padded }: WeightSpec): [width: number, stride: number] {
  const width = padded === true ? (shape.at(-1) ?? 1) : sizeOf(shape);
  return [width, padded === true ? quad(width) : width];
}

/** Floats that a weight's canonical values take. */
export function storedSize(spec: WeightSpec): number {
  const [width, stride] = rowOf(spec);
  return width === 0 ? 0 : (sizeOf(spec.shape) / width) * stride;
}

/** Values as users have them, out of those that are stored (or of a gradient, which lies likewise). */
export function withoutPadding(spec: WeightSpec, stored: Float32Array): Float32Array {
  const [width, stride] = rowOf(spec);
  if (width === stride) return stored.slice();
  return Float32Array.from(
    { length: sizeOf(spec.shape) },
    (_, i) => stored[Math.floor(i / width) * stride + (i % width)] ?? 0,
  );
}

/** The other way round: values as users have them, to where they are stored. */
export function storeValues(spec: WeightSpec, values: Float32Array, stored: Float32Array): void {
  const [width, stride] = rowOf(spec);
  for (let row = 0; row * width < values.length; row++) {
    stored.set(values.subarray(row * width, (row + 1) * width), row * stride);
  }
}
