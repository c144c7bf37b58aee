/**
 * A WaveNet of causal convolutions, as an example of a graph by plain code.            van den Oord et al. 2016
 *   h ← front(x);  in each layer  z = tanh(f(h)) ⊙ σ(g(h)), or relu(f(h));  skips += skip(z);  h ← h + res(z)
 *   y = o2(relu(o1(relu(skips))))
 * The dilation of f and g is 1, 2, 4 … and begins anew in each block; skip, res, o1 and o2 have kernel size 1.
 */
import { activate } from './activations.js';
import { conv1d } from './conv1d.js';
import type { SimplePass } from './pass.js';
import { add, multiply, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface WavenetConfig {
  readonly blocks: number;
  readonly layersOfBlock: number;
  readonly gated: boolean;
}

/** Kernel and bias of the convolutions, by name: front, f.0, g.0, skip.0, res.0, f.1 …, o1, o2. */
export type NamedWeights = ReadonlyMap<string, Tensors>;

export interface WavenetPass {
  readonly output: Tensor;
  backward(cotangent: Tensor): { readonly x: Tensor; readonly weights: NamedWeights };
}

export function wavenet(config: WavenetConfig, weights: NamedWeights, x: Tensor): WavenetPass {
  const conv = (name: string, input: Tensor, options: Partial<Parameters<typeof conv1d>[0]> = {}): SimplePass => {
    const own = weights.get(name);
    if (own === undefined) throw new Error(`wavenet: no weights for ${name}`);
    const [kernelSize, , filters] = own[0].shape;
    return conv1d({ filters, kernelSize, padding: 'causal', ...options }, own, [input]);
  };
  const { blocks, layersOfBlock, gated } = config;

  const front = conv('front', x);
  let [h] = front.outputs;
  let skips: Tensor | undefined;
  const layers = Array.from({ length: blocks * layersOfBlock }, (_, n) => {
    const dilationRate = 2 ** (n % layersOfBlock);
    const f = conv(`f.${n}`, h, { dilationRate, activation: gated ? 'tanh' : 'relu' });
    const g = gated ? conv(`g.${n}`, h, { dilationRate, activation: 'sigmoid' }) : undefined;
    const z = g === undefined ? f.outputs[0] : multiply(f.outputs[0], g.outputs[0]);
    const skip = conv(`skip.${n}`, z);
    const residual = conv(`res.${n}`, z);
    skips = skips === undefined ? skip.outputs[0] : add(skips, skip.outputs[0]);
    h = add(h, residual.outputs[0]);
    return { f, g, skip, residual };
  });
  if (skips === undefined) throw new Error('wavenet: no layers');
  const bent = activate('relu', skips);
  const o1 = conv('o1', bent.output, { activation: 'relu' });
  const o2 = conv('o2', o1.outputs[0]);

  return {
    output: o2.outputs[0],
    backward(cotangent) {
      const gradients = new Map<string, Tensors>();
      const back = (name: string, pass: SimplePass, dy: Tensor): Tensor => {
        const { inputs, weights: own } = pass.backward([dy]);
        gradients.set(name, own);
        return inputs[0];
      };
      const dSkips = bent.vjp(back('o1', o1, back('o2', o2, cotangent)));
      // Of the last h nothing is used.
      let dh = zerosLike(h);
      layers.toReversed().forEach(({ f, g, skip, residual }, i) => {
        const n = layers.length - 1 - i;
        const dz = add(back(`skip.${n}`, skip, dSkips), back(`res.${n}`, residual, dh));
        if (g === undefined) {
          dh = add(dh, back(`f.${n}`, f, dz));
        } else {
          const throughF = back(`f.${n}`, f, multiply(dz, g.outputs[0]));
          const throughG = back(`g.${n}`, g, multiply(dz, f.outputs[0]));
          dh = add(dh, add(throughF, throughG));
        }
      });
      return { x: back('front', front, dh), weights: gradients };
    },
  };
}
