import { compileString } from 'assemblyscript/asc';

/** Compiles AssemblyScript that exports `run`, a loop of so many iterations. */
export async function compileLoop(source: string): Promise<(iterations: number) => number> {
  // `config` is an option of the compiler that its declarations leave out: the project's targets are not for this loop.
  const options = {
    config: 'none',
    optimizeLevel: 3,
    runtime: 'stub',
    noAssert: true,
    use: ['abort='],
    enable: ['simd'],
  };
  const { error, binary } = await compileString(source, options);
  if (error || !binary) throw new Error('the loop did not compile', { cause: error });
  const { instance } = await WebAssembly.instantiate(new Uint8Array(binary));
  return instance.exports.run as (iterations: number) => number;
}
