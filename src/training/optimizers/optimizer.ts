import { fields, oneOf, optional, refuse, type Reader } from '../../options/options.js';
import { trainingKernels } from '../../plan/training-kernels.js';
import type { Workspace } from '../../plan/workspace.js';
import type { ParameterList } from '../parameters.js';
import { AdagradRule, adagradFields, type AdagradOptions } from './adagrad.js';
import { AdamRule, adamFields, type AdamOptions } from './adam.js';
import { clippingFields, clipGradients, type ClippingOptions } from './clipping.js';
import { RmspropRule, rmspropFields, type RmspropOptions } from './rmsprop.js';
import type { OptimizerRule } from './rule.js';
import { SgdRule, sgdFields, type SgdOptions } from './sgd.js';

/** What `compile` takes: a name for the defaults, or an object of `optimizers`. */
export type OptimizerOption = Optimizer['kind'] | Optimizer;

/** An optimizer's options, as data. Made by `optimizers`. */
export type Optimizer =
  | ({ readonly kind: 'sgd' } & SgdOptions)
  | ({ readonly kind: 'adam' } & AdamOptions)
  | ({ readonly kind: 'rmsprop' } & RmspropOptions)
  | ({ readonly kind: 'adagrad' } & AdagradOptions);

/** Optimizers with options: `model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), … })`. */
export const optimizers = {
  /** Stochastic gradient descent: v ← μ·v − lr·g, w ← w + v. Defaults: learningRate 0.01, momentum 0, nesterov false. */
  sgd: (options: SgdOptions = {}): Optimizer => ({ kind: 'sgd', ...options }),
  /**
   * Adam (Kingma & Ba 2015, Algorithm 1): w ← w − lr·m̂ / (√v̂ + ε). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999,
   * epsilon 1e-7. `epsilonHat: true` gives Keras's form, which adds ε before the bias correction of v.
   */
  adam: (options: AdamOptions = {}): Optimizer => ({ kind: 'adam', ...options }),
  /**
   * RMSprop (Tieleman & Hinton 2012): v ← ρ·v + (1 − ρ)·g², w ← w − lr·g / √(v + ε). Defaults: learningRate 0.001, rho 0.9,
   * momentum 0, epsilon 1e-7, centered false, epsilonOutside false.
   */
  rmsprop: (options: RmspropOptions = {}): Optimizer => ({ kind: 'rmsprop', ...options }),
  /**
   * Adagrad (Duchi et al. 2011): a ← a + g², w ← w − lr·g / √(a + ε). Defaults: learningRate 0.001, initialAccumulatorValue
   * 0.1, epsilon 1e-7, epsilonOutside false.
   */
  adagrad: (options: AdagradOptions = {}): Optimizer => ({ kind: 'adagrad', ...options }),
};

const kindOf = (value: unknown, where: string): Optimizer['kind'] => {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : value;
  return oneOf(['sgd', 'adam', 'rmsprop', 'adagrad'])(kind, where);
};

/** The optimizer of a compiled model, with what it remembers. */
export class OptimizerState {
  readonly #workspace: Workspace;
  readonly #rule: OptimizerRule;
  readonly #clipping: ClippingOptions;
  readonly #parameters: ParameterList;
  /** What the rule remembers of each weight: the addresses of its slots, which lie in one block. */
  readonly #slots: readonly (readonly number[])[];
  readonly #block: number;

  constructor(where: string, option: unknown, workspace: Workspace, parameters: ParameterList) {
    const { rule, clipping } = readOptimizer(option, where);
    this.#workspace = workspace;
    this.#rule = rule;
    this.#clipping = clipping;
    this.#parameters = parameters;
    this.#block = workspace.allocate(4 * rule.slots * parameters.count);
    const { initialSlotValue = 0 } = rule;
    if (initialSlotValue !== 0) {
      trainingKernels(workspace).fill(this.#block, rule.slots * parameters.count, initialSlotValue);
    }
    let end = this.#block;
    this.#slots = parameters.list.map(({ count }) =>
      Array.from({ length: rule.slots }, () => {
        const slot = end;
        end += 4 * count;
        return slot;
      }),
    );
  }

  /** Clips the gradients, whose global norm is known, and changes the weights by them. */
  step(norm: number): void {
    const kernels = trainingKernels(this.#workspace);
    clipGradients(kernels, this.#parameters.list, this.#clipping, norm);
    this.#rule.beginStep();
    this.#parameters.list.forEach((parameter, i) => {
      this.#rule.update(kernels, parameter, this.#slots[i] ?? []);
    });
  }

  /** Gives its memory back. */
  release(): void {
    this.#workspace.release(this.#block);
  }
}

function readOptimizer(option: unknown, where: string): { rule: OptimizerRule; clipping: ClippingOptions } {
  const kind = kindOf(option, where);
  const given = typeof option === 'object' && option !== null ? option : { kind };
  const readKind = { kind: optional(oneOf([kind]), kind) };
  const clippingOf = ({ clipValue, clipNorm, globalClipNorm }: ClippingOptions): ClippingOptions => {
    const set = [clipValue, clipNorm, globalClipNorm].filter((limit) => limit !== undefined);
    if (set.length > 1) refuse(where, 'at most one of clipValue, clipNorm, globalClipNorm', given);
    return { clipValue, clipNorm, globalClipNorm };
  };
  const read = <S extends Record<string, Reader<unknown>>>(own: S) =>
    fields(given, `${where} ${kind}`, { ...readKind, ...own, ...clippingFields });
  const ruleOf = (): { rule: OptimizerRule; options: ClippingOptions } => {
    switch (kind) {
      case 'sgd': {
        const options = read(sgdFields);
        return { rule: new SgdRule(options), options };
      }
      case 'adam': {
        const options = read(adamFields);
        return { rule: new AdamRule(options), options };
      }
      case 'rmsprop': {
        const options = read(rmspropFields);
        return { rule: new RmspropRule(options), options };
      }
      case 'adagrad': {
        const options = read(adagradFields);
        return { rule: new AdagradRule(options), options };
      }
    }
  };
  const { rule, options } = ruleOf();
  return { rule, clipping: clippingOf(options) };
}
