/**
 * Optimizers: from weights w and gradients g to the next weights. They keep what they must between steps.
 *
 *   SGD        v ← μ v − η g      w ← w + v,   nesterov: w ← w + μ v − η g
 *                                 Polyak 1964, Sutskever et al. 2013; Keras 3, optimizers/sgd.py
 *   Adam       m ← β₁ m + (1 − β₁) g       v ← β₂ v + (1 − β₂) g²
 *              w ← w − η m̂ / (√v̂ + ε),    m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
 *                                 Kingma & Ba 2015, Algorithm 1
 *   epsilonHat w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
 *                                 the remark at the end of section 2 of the paper; Keras 3, optimizers/adam.py
 *   RMSprop    v ← ρ v + (1 − ρ) g²       centered: a ← ρ a + (1 − ρ) g, and v − a² instead of v
 *              m ← μ m − η g / √(v + ε)   w ← w + m
 *                                 Tieleman & Hinton 2012, centered: Graves 2013; Keras 3, optimizers/rmsprop.py
 *   Adagrad    a ← a + g²         w ← w − η g / √(a + ε)
 *                                 Duchi et al. 2011; Keras 3, optimizers/adagrad.py
 *   AMSGrad    Adam whose v̂ is the largest so far        Reddi et al. 2018; Keras 3, optimizers/adam.py
 *   Nadam      m, v as Adam;   uₜ = β₁ (1 − ½ 0.96ᵗ),   Uₜ = u₁ ⋯ uₜ
 *              w ← w − η (uₜ₊₁ m / (1 − Uₜ₊₁) + (1 − uₜ) g / (1 − Uₜ)) / (√v̂ + ε)
 *                                 Dozat 2016; Keras 3, optimizers/nadam.py
 *   Adamax     m as Adam;   u ← max(β₂ u, |g|)      w ← w − η m / ((1 − β₁ᵗ) (u + ε))
 *                                 Kingma & Ba 2015, section 7.1; Keras 3, optimizers/adamax.py
 *   Adadelta   a ← ρ a + (1 − ρ) g²      Δ = −√(d + ε) / √(a + ε) g      d ← ρ d + (1 − ρ) Δ²      w ← w + η Δ
 *                                 Zeiler 2012; Keras 3, optimizers/adadelta.py
 *   Lion       w ← w − η sign(β₁ m + (1 − β₁) g)      m ← β₂ m + (1 − β₂) g
 *                                 Chen et al. 2023; Keras 3, optimizers/lion.py
 *   decayed    w ← w − η λ w, then the step of another optimizer        Loshchilov & Hutter 2019
 *   gathered   a step by the mean of n batches' gradients; nothing in between
 *   epsilonOutside of both: √v + ε and √a + ε, as in PyTorch
 */
import { map, zerosLike, zip, type Tensor, type Tensors } from './tensor.js';

export interface Optimizer {
  step(weights: Tensors, gradients: Tensors): Tensor[];
}

export interface SgdConfig {
  /** 0.01 by default. */
  readonly learningRate?: number;
  /** 0 by default. */
  readonly momentum?: number;
  /** false by default. */
  readonly nesterov?: boolean;
}

export function sgd(config: SgdConfig = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, nesterov = false } = config;
  let velocities: Tensor[] | undefined;
  return {
    step(weights, gradients) {
      const before = velocities ?? weights.map(zerosLike);
      const after = before.map((v, i) => zip(v, gradients[i], (vi, gi) => momentum * vi - learningRate * gi));
      velocities = after;
      return weights.map((w, i) => {
        const move = nesterov ? zip(after[i], gradients[i], (vi, gi) => momentum * vi - learningRate * gi) : after[i];
        return zip(w, move, (wi, by) => wi + by);
      });
    },
  };
}

export interface AdamConfig {
  /** 0.001 by default. */
  readonly learningRate?: number;
  /** 0.9 by default. */
  readonly beta1?: number;
  /** 0.999 by default. */
  readonly beta2?: number;
  /** 1e-7 by default. */
  readonly epsilon?: number;
  /** false by default. */
  readonly epsilonHat?: boolean;
  /** false by default. */
  readonly amsgrad?: boolean;
}

export function adam(config: AdamConfig = {}): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config;
  const { epsilonHat = false, amsgrad = false } = config;
  let greatest: Tensor[] | undefined;
  let first: Tensor[] | undefined;
  let second: Tensor[] | undefined;
  let t = 0;
  return {
    step(weights, gradients) {
      const means = (first ?? weights.map(zerosLike)).map((m, i) =>
        zip(m, gradients[i], (mi, gi) => beta1 * mi + (1 - beta1) * gi),
      );
      const squares = (second ?? weights.map(zerosLike)).map((v, i) =>
        zip(v, gradients[i], (vi, gi) => beta2 * vi + (1 - beta2) * gi * gi),
      );
      [first, second] = [means, squares];
      const largest = squares.map((v, i) => (greatest === undefined ? v : zip(v, greatest[i], Math.max)));
      greatest = largest;
      t++;
      const correction1 = 1 - beta1 ** t;
      const correction2 = 1 - beta2 ** t;
      const move = epsilonHat
        ? (m: number, v: number): number => ((Math.sqrt(correction2) / correction1) * m) / (Math.sqrt(v) + epsilon)
        : (m: number, v: number): number => m / correction1 / (Math.sqrt(v / correction2) + epsilon);
      return weights.map((w, i) =>
        zip(w, zip(means[i], amsgrad ? largest[i] : squares[i], move), (wi, by) => wi - learningRate * by),
      );
    },
  };
}

/** √(v + ε), or √v + ε. */
const root = (epsilon: number, epsilonOutside: boolean) => (v: number) =>
  epsilonOutside ? Math.sqrt(v) + epsilon : Math.sqrt(v + epsilon);

export interface RmspropConfig {
  /** 0.001 by default. */
  readonly learningRate?: number;
  /** 0.9 by default. */
  readonly rho?: number;
  /** 0 by default. */
  readonly momentum?: number;
  /** 1e-7 by default. */
  readonly epsilon?: number;
  /** false by default. */
  readonly centered?: boolean;
  /** false by default. */
  readonly epsilonOutside?: boolean;
}

export function rmsprop(config: RmspropConfig = {}): Optimizer {
  const { learningRate = 0.001, rho = 0.9, momentum = 0, epsilon = 1e-7 } = config;
  const { centered = false, epsilonOutside = false } = config;
  const rootOf = root(epsilon, epsilonOutside);
  let squares: Tensor[] | undefined;
  let means: Tensor[] | undefined;
  let moves: Tensor[] | undefined;
  return {
    step(weights, gradients) {
      const v = (squares ?? weights.map(zerosLike)).map((before, i) =>
        zip(before, gradients[i], (vi, gi) => rho * vi + (1 - rho) * gi * gi),
      );
      const a = (means ?? weights.map(zerosLike)).map((before, i) =>
        zip(before, gradients[i], (ai, gi) => rho * ai + (1 - rho) * gi),
      );
      const m = (moves ?? weights.map(zerosLike)).map((before, i) => {
        const variance = centered ? zip(v[i], a[i], (vi, ai) => vi - ai * ai) : v[i];
        const scaled = zip(gradients[i], variance, (gi, vi) => (learningRate * gi) / rootOf(vi));
        return zip(before, scaled, (mi, by) => momentum * mi - by);
      });
      [squares, means, moves] = [v, a, m];
      return weights.map((w, i) => zip(w, m[i], (wi, by) => wi + by));
    },
  };
}

export interface AdagradConfig {
  /** 0.001 by default. */
  readonly learningRate?: number;
  /** 0.1 by default. */
  readonly initialAccumulatorValue?: number;
  /** 1e-7 by default. */
  readonly epsilon?: number;
  /** false by default. */
  readonly epsilonOutside?: boolean;
}

export function adagrad(config: AdagradConfig = {}): Optimizer {
  const { learningRate = 0.001, initialAccumulatorValue = 0.1, epsilon = 1e-7, epsilonOutside = false } = config;
  const rootOf = root(epsilon, epsilonOutside);
  let accumulators: Tensor[] | undefined;
  return {
    step(weights, gradients) {
      const sums = (accumulators ?? weights.map((w) => map(w, () => initialAccumulatorValue))).map((before, i) =>
        zip(before, gradients[i], (ai, gi) => ai + gi * gi),
      );
      accumulators = sums;
      return weights.map((w, i) => {
        const move = zip(gradients[i], sums[i], (gi, ai) => (learningRate * gi) / rootOf(ai));
        return zip(w, move, (wi, by) => wi - by);
      });
    },
  };
}

export interface MomentConfig {
  /** 0.001 by default. */
  readonly learningRate?: number;
  /** 0.9 by default. */
  readonly beta1?: number;
  /** 0.999 by default. */
  readonly beta2?: number;
  /** 1e-7 by default. */
  readonly epsilon?: number;
}

export function nadam(config: MomentConfig = {}): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config;
  const momentum = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** t);
  let means: Tensor[] | undefined;
  let squares: Tensor[] | undefined;
  let t = 0;
  let product = 1;
  return {
    step(weights, gradients) {
      const m = (means ?? weights.map(zerosLike)).map((before, i) =>
        zip(before, gradients[i], (mi, gi) => beta1 * mi + (1 - beta1) * gi),
      );
      const v = (squares ?? weights.map(zerosLike)).map((before, i) =>
        zip(before, gradients[i], (vi, gi) => beta2 * vi + (1 - beta2) * gi * gi),
      );
      [means, squares] = [m, v];
      t++;
      product *= momentum(t);
      const [ofMean, ofGradient] = [
        momentum(t + 1) / (1 - product * momentum(t + 1)),
        (1 - momentum(t)) / (1 - product),
      ];
      return weights.map((w, i) => {
        const up = zip(m[i], gradients[i], (mi, gi) => ofMean * mi + ofGradient * gi);
        const move = zip(up, v[i], (by, vi) => by / (Math.sqrt(vi / (1 - beta2 ** t)) + epsilon));
        return zip(w, move, (wi, by) => wi - learningRate * by);
      });
    },
  };
}

export function adamax(config: MomentConfig = {}): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config;
  let means: Tensor[] | undefined;
  let largest: Tensor[] | undefined;
  let t = 0;
  return {
    step(weights, gradients) {
      const m = (means ?? weights.map(zerosLike)).map((before, i) =>
        zip(before, gradients[i], (mi, gi) => beta1 * mi + (1 - beta1) * gi),
      );
      const u = (largest ?? weights.map(zerosLike)).map((before, i) =>
        zip(before, gradients[i], (ui, gi) => Math.max(beta2 * ui, Math.abs(gi))),
      );
      [means, largest] = [m, u];
      t++;
      return weights.map((w, i) => {
        const move = zip(m[i], u[i], (mi, ui) => mi / ((1 - beta1 ** t) * (ui + epsilon)));
        return zip(w, move, (wi, by) => wi - learningRate * by);
      });
    },
  };
}

export interface AdadeltaConfig {
  /** 0.001 by default. */
  readonly learningRate?: number;
  /** 0.95 by default. */
  readonly rho?: number;
  /** 1e-7 by default. */
  readonly epsilon?: number;
}

export function adadelta(config: AdadeltaConfig = {}): Optimizer {
  const { learningRate = 0.001, rho = 0.95, epsilon = 1e-7 } = config;
  let squares: Tensor[] | undefined;
  let changes: Tensor[] | undefined;
  return {
    step(weights, gradients) {
      const before = changes ?? weights.map(zerosLike);
      const a = (squares ?? weights.map(zerosLike)).map((one, i) =>
        zip(one, gradients[i], (ai, gi) => rho * ai + (1 - rho) * gi * gi),
      );
      const moves = before.map((d, i) => {
        const ratio = zip(d, a[i], (di, ai) => Math.sqrt(di + epsilon) / Math.sqrt(ai + epsilon));
        return zip(ratio, gradients[i], (by, gi) => -by * gi);
      });
      squares = a;
      changes = before.map((d, i) => zip(d, moves[i], (di, by) => rho * di + (1 - rho) * by * by));
      return weights.map((w, i) => zip(w, moves[i], (wi, by) => wi + learningRate * by));
    },
  };
}

export interface LionConfig {
  /** 0.001 by default. */
  readonly learningRate?: number;
  /** 0.9 by default. */
  readonly beta1?: number;
  /** 0.99 by default. */
  readonly beta2?: number;
}

export function lion(config: LionConfig = {}): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.99 } = config;
  let means: Tensor[] | undefined;
  return {
    step(weights, gradients) {
      const before = means ?? weights.map(zerosLike);
      means = before.map((m, i) => zip(m, gradients[i], (mi, gi) => beta2 * mi + (1 - beta2) * gi));
      return weights.map((w, i) => {
        const sign = zip(before[i], gradients[i], (mi, gi) => Math.sign(beta1 * mi + (1 - beta1) * gi));
        return zip(w, sign, (wi, by) => wi - learningRate * by);
      });
    },
  };
}

/** `decay` is η λ: the learning rate times the weight decay. */
export function decayed(
  optimizer: Optimizer,
  decay: number,
  decays: (index: number) => boolean = () => true,
): Optimizer {
  return {
    step(weights, gradients) {
      const smaller = weights.map((w, i) => (decays(i) ? map(w, (wi) => wi - decay * wi) : w));
      return optimizer.step(smaller, gradients);
    },
  };
}

export function gathered(optimizer: Optimizer, batches: number): Optimizer {
  let sums: Tensor[] | undefined;
  let count = 0;
  return {
    step(weights, gradients) {
      const sum = gradients.map((g, i) => (sums === undefined ? g : zip(sums[i], g, (a, b) => a + b)));
      count++;
      sums = sum;
      if (count < batches) return [...weights];
      [sums, count] = [undefined, 0];
      return optimizer.step(
        weights,
        sum.map((one) => map(one, (value) => value / batches)),
      );
    },
  };
}
