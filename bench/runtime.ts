import { cpus } from 'node:os';

/** What of the machine and the runtime a reader of the numbers wants to know. */
export function describeRuntime() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    logicalCpus: cpus().length,
    platform: `${process.platform} ${process.arch}`,
    nodeOptions: process.execArgv.filter((option) => option !== '--enable-source-maps'),
    versions: { node: process.versions.node, v8: process.versions.v8 },
  };
}

/** Whether this runtime has relaxed SIMD: Node 22 and later, Node 20 behind --experimental-wasm-relaxed-simd. */
export function hasRelaxedSimd(): boolean {
  // (func (param v128 v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  const module = '0061736d 01000000 01080160 037b7b7b 017b0302 01000a0d 010b0020 00200120 02fd8502 0b'.replaceAll(
    ' ',
    '',
  );
  return WebAssembly.validate(Buffer.from(module, 'hex'));
}
