import { activateQuads } from '../elementwise/activations';
import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { product } from '../products/product';
import { droppedProduct } from './dropped-product';
import { clearPadding, copyRow, isValid, takeState } from './rows';

/**
 * A long short-term memory layer over whole sequences (one step: steps = 1).
 *   i, f, o = rec(z),  g = act(z)
 *   c_t = f ⊙ c_{t-1} + i ⊙ g,  h_t = o ⊙ act(c_t)       Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000
 * z [T, B, 4Hp], gate-interleaved i f g o, holds bias + x·W on entry; its h·U is added here step by step.
 * u: panels of the recurrent kernel. h0, c0, hn, cn [B, Hp]: initial and final state, which may be the same memory.
 * h [T, B, Hp] or 0. A masked row (mask [T, B], 0 = no mask) repeats its state.
 * Training gives c and tanhC [T, B, Hp]: they keep c_t and act(c_t), and z keeps the activated gates; in masked rows
 * z and tanhC mean nothing. Inference gives 0 for both and gets the same bits.
 */
export function lstmForward(
  z: usize,
  u: usize,
  h0: usize,
  c0: usize,
  h: usize,
  hn: usize,
  c: usize,
  cn: usize,
  tanhC: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  lstmForwardDropped(
    z,
    u,
    0,
    0,
    h0,
    c0,
    h,
    hn,
    c,
    cn,
    tanhC,
    mask,
    steps,
    batch,
    units,
    activation,
    recurrentActivation,
  );
}

/**
 * The same with h_{t-1} ⊙ factors in each gate's product instead of h_{t-1}: recurrent dropout, which training has. factors
 * [4, B, Hp], in the gates' order i f g o: keep / (1 − rate), or 0: all is kept, and nothing of this is left in the inference
 * build. scratch: [4, B, Hp].
 */
export function lstmForwardDropped(
  z: usize,
  u: usize,
  factors: usize,
  scratch: usize,
  h0: usize,
  c0: usize,
  h: usize,
  hn: usize,
  c: usize,
  cn: usize,
  tanhC: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const quads = (units + 3) >> 2;
  const rowBytes = quads << 4;
  takeState(h0, hn, batch, units);
  takeState(c0, cn, batch, units);
  for (let t = 0; t < steps; t++) {
    if (factors) droppedProduct(hn, rowBytes, factors, u, 0, z, 4 * rowBytes, scratch, 1, batch, units, units, 4);
    else product(hn, rowBytes, u, 0, z, 4 * rowBytes, batch, 1, 0, units, 16 * quads);
    let state = hn;
    let cell = cn;
    for (let b = 0; b < batch; b++) {
      if (isValid(mask, t * batch + b)) {
        // Nobody asks for act(c) in inference: it replaces g, which has done its work.
        if (tanhC) lstmCell(z, cell, state, tanhC, 16, units, activation, recurrentActivation);
        else lstmCell(z, cell, state, z + 32, 64, units, activation, recurrentActivation);
      }
      if (h) {
        copyRow(h, state, quads);
        h += rowBytes;
      }
      if (c) {
        copyRow(c, cell, quads);
        c += rowBytes;
      }
      if (tanhC) tanhC += rowBytes;
      z += 4 * rowBytes;
      state += rowBytes;
      cell += rowBytes;
    }
  }
}

/**
 * One row from its pre-activations. The activations run over one gate of all units at a time, so that they branch on
 * their code once and have several vectors to work on. activatedC: where act(c) goes, its quads strideC bytes apart.
 * (Measured, Node 20: all of a step but its products takes 5.2 ns a unit; bench/recurrent-kernels.ts.)
 */
function lstmCell(
  z: usize,
  c: usize,
  h: usize,
  activatedC: usize,
  strideC: usize,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const quads = (units + 3) >> 2;
  activateQuads(recurrentActivation, z, quads, 64);
  activateQuads(recurrentActivation, z + 16, quads, 64);
  activateQuads(activation, z + 32, quads, 64);
  activateQuads(recurrentActivation, z + 48, quads, 64);
  updateCells(z, c, activatedC, strideC, quads);
  activateQuads(activation, activatedC, quads, strideC);
  updateStates(z, activatedC, strideC, h, quads);
  clearPadding(c, units);
  clearPadding(h, units);
}

/** c ← f ⊙ c + i ⊙ g, and a copy to be activated. */
function updateCells(z: usize, c: usize, copy: usize, copyStride: usize, quads: i32): void {
  const end = c + (quads << 4);
  do {
    const cell = flushTiny(multiplyAdd(v128.load(z, 16), v128.load(c), f32x4.mul(v128.load(z), v128.load(z, 32))));
    v128.store(c, cell);
    v128.store(copy, cell);
    z += 64;
    c += 16;
    copy += copyStride;
  } while (c < end);
}

/** h ← o ⊙ act(c) */
function updateStates(z: usize, activatedC: usize, strideC: usize, h: usize, quads: i32): void {
  const end = h + (quads << 4);
  do {
    v128.store(h, flushTiny(f32x4.mul(v128.load(z, 48), v128.load(activatedC))));
    z += 64;
    activatedC += strideC;
    h += 16;
  } while (h < end);
}
