/**
 * A compiled set of kernels, as a value: a model takes one (`{ kernels }`), so that nothing switches builds globally
 * or by silent detection. One source makes four: {inference, training} × {deterministic, relaxed}, each in a file of its
 * own here, so that a bundle for workerd imports no more modules than it uses.
 */
export interface KernelBuild {
  readonly arithmetic: 'deterministic' | 'relaxed';
  /** Whether the backward kernels, optimizers and random numbers are in it. */
  readonly training: boolean;
  /** The compiled module: compiled on first use, then shared by every workspace of the process. */
  readonly module: () => KernelModule;
}

/** A WebAssembly.Module, which has no members. Declarations name it so: to compile they need ECMAScript's types alone. */
export type KernelModule = object;

export function kernelBuild(
  arithmetic: KernelBuild['arithmetic'],
  training: boolean,
  compile: () => KernelModule,
): KernelBuild {
  let compiled: KernelModule | undefined;
  return { arithmetic, training, module: () => (compiled ??= compile()) };
}
