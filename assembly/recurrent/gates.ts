import { activateQuads, SIGMOID, TANH } from '../elementwise/activations';
import { sigmoidQuad } from '../math/sigmoid';
import { tanhQuad } from '../math/tanh';

/**
 * activateQuads for gates: in place, so many quads strideBytes apart. A sigmoid or a tanh is one chain of a polynomial
 * and a division; four at a time keep the processor busy. Same functions, so the same bits. (Measured, Node 20: all of
 * an LSTM step but its products takes 5.3 ns a unit, one vector at a time 7.3; bench/recurrent-kernels.ts.)
 */
export function activateGate(code: i32, pointer: usize, quads: i32, strideBytes: usize): void {
  const end = pointer + ((<usize>quads) & ~3) * strideBytes;
  const second = strideBytes;
  const third = second + strideBytes;
  const fourth = third + strideBytes;
  if (code == SIGMOID) {
    for (; pointer < end; pointer += fourth + strideBytes) {
      const a = sigmoidQuad(v128.load(pointer));
      const b = sigmoidQuad(v128.load(pointer + second));
      const c = sigmoidQuad(v128.load(pointer + third));
      const d = sigmoidQuad(v128.load(pointer + fourth));
      v128.store(pointer, a);
      v128.store(pointer + second, b);
      v128.store(pointer + third, c);
      v128.store(pointer + fourth, d);
    }
    quads &= 3;
  } else if (code == TANH) {
    for (; pointer < end; pointer += fourth + strideBytes) {
      const a = tanhQuad(v128.load(pointer));
      const b = tanhQuad(v128.load(pointer + second));
      const c = tanhQuad(v128.load(pointer + third));
      const d = tanhQuad(v128.load(pointer + fourth));
      v128.store(pointer, a);
      v128.store(pointer + second, b);
      v128.store(pointer + third, c);
      v128.store(pointer + fourth, d);
    }
    quads &= 3;
  }
  activateQuads(code, pointer, quads, strideBytes);
}
