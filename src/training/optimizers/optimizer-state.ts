import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { mismatch, nonNegativeInteger, share } from '../../options/options.js';
import { trainingKernels } from '../../plan/training-kernels.js';
import type { Workspace } from '../../plan/workspace.js';
import type { Parameter, Parameters } from '../parameters.js';
import type { Rate } from '../schedules/learning-rate.js';
import { WeightAverages } from './averages.js';
import { Backup } from './backup.js';
import { clipGradients } from './clipping.js';
import { readOptimizer, type CommonSettings } from './optimizer.js';
import { positiveFloat } from './positive-float.js';
import type { OptimizerRule } from './rule.js';
import { Slots, type SavedSlots } from './slots.js';

/** What an optimizer remembers, as plain data. */
export interface SavedOptimizer {
  readonly numbers: Readonly<Record<string, number>>;
  readonly tensors: SavedSlots;
}

/** What became of a batch's gradients: a step, or a part of one; or nothing, for something overflowed, and all is as before. */
export type Outcome = 'taken' | 'gathered' | { readonly overflown: string };

/** What float32 holds with room to spare for rounding: its largest number is 3.4e38. */
const safeMagnitude = 1e38;

/** The optimizer of a compiled model, with what it remembers. */
export class OptimizerState {
  /** The norm of all gradients in the last step, before clipping; NaN before the first. */
  gradientNorm = NaN;
  readonly #workspace: Workspace;
  readonly #parameters: Parameters;
  readonly #rule: OptimizerRule;
  readonly #common: CommonSettings;
  readonly #decaying: readonly Parameter[];
  /** Those of the rule; then, if several batches make a step, the sum of their gradients; then the averages. */
  readonly #slots: Slots;
  /** Where each weight's slots of the rule are. */
  readonly #addresses: readonly (readonly number[])[];
  readonly #sums: number;
  readonly #averages: WeightAverages | undefined;
  readonly #backup: Backup;
  /** undefined: the rate stays until it is set. */
  readonly #schedule: Rate | undefined;
  #learningRate: number;
  /** Batches that made steps, or are to make one. */
  #batches = 0;
  #areAveragesInPlace = false;

  constructor(where: string, option: unknown, workspace: Workspace, parameters: Parameters) {
    const { rule, common } = readOptimizer(option, where);
    const { learningRate, excludeFromWeightDecay: excluded, gradientAccumulationSteps, useEma } = common;
    this.#workspace = workspace;
    this.#parameters = parameters;
    this.#rule = rule;
    this.#common = common;
    this.#decaying = parameters.list.filter(
      ({ path, spec: { name } }) => !excluded.includes(name) && !excluded.includes(path),
    );
    this.#schedule = typeof learningRate === 'number' ? undefined : learningRate;
    this.#learningRate = typeof learningRate === 'number' ? learningRate : 0;
    this.#sums = rule.slots.length;
    const sums = gradientAccumulationSteps > 1 ? [{ name: 'gradientSum' }] : [];
    const averages = useEma ? [{ name: 'average' }] : [];
    this.#slots = new Slots(workspace, parameters, [...rule.slots, ...sums, ...averages]);
    this.#addresses = parameters.list.map((_, weight) => rule.slots.map((_slot, i) => this.#slots.address(i, weight)));
    if (useEma) {
      const { address } = this.#slots.block(rule.slots.length + sums.length);
      this.#averages = new WeightAverages(workspace, parameters, address, common);
    }
    const weights = parameters.list.map(({ values, count }) => ({ address: values, count }));
    this.#backup = new Backup(workspace, [...weights, this.#slots.block(0, rule.slots.length)]);
  }

  /** Steps that were taken. */
  get iterations(): number {
    return Math.floor(this.#batches / this.#common.gradientAccumulationSteps);
  }

  /** Of the next step. */
  get learningRate(): number {
    if (this.#schedule === undefined) return this.#learningRate;
    const { cosine, power } = trainingKernels(this.#workspace);
    return this.#schedule(this.#batches, { cosine, power });
  }

  setLearningRate(where: string, value: unknown): void {
    this.#learningRate = this.readLearningRate(where, value);
  }

  /** What the learning rate may be set to. @throws Error where a schedule decides it. */
  readLearningRate(where: string, value: unknown): number {
    if (this.#schedule !== undefined) {
      throw new Error(
        `${where}: the optimizer was compiled with a schedule, which decides it; compile with a number to set it`,
      );
    }
    return positiveFloat(value, where);
  }

  /** Takes the gradients of a batch, whose global norm is known: clips them, and changes the weights by them. */
  step(norm: number): Outcome {
    this.#refuseAveragesInPlace('training goes on');
    const kernels = trainingKernels(this.#workspace);
    const batches = this.#common.gradientAccumulationSteps;
    if ((this.#batches + 1) % batches !== 0) return this.#gather(kernels, norm);
    const whole = batches === 1 ? norm : this.#meanOfGathered(kernels);
    if (!Number.isFinite(whole)) return { overflown: `the mean of the gradients of ${batches} batches` };
    const overflown = this.#change(kernels, whole);
    if (overflown !== null) return { overflown };
    this.gradientNorm = whole;
    this.#batches++;
    if (batches > 1) kernels.zero(...this.#bytesOfSums());
    this.#averages?.update(kernels, this.iterations);
    return 'taken';
  }

  /** Adds gradients to those of the batches before. */
  #gather(kernels: TrainingKernels, norm: number): Outcome {
    if (!(this.#slots.norm(this.#sums) + norm < safeMagnitude))
      return { overflown: 'the sum of the gradients of batches' };
    this.#parameters.list.forEach(({ gradient, count }, i) => {
      kernels.accumulate(this.#slots.address(this.#sums, i), gradient, count);
    });
    this.#batches++;
    return 'gathered';
  }

  /** Makes the last batch's gradients the mean over all that were gathered; gives their norm. */
  #meanOfGathered(kernels: TrainingKernels): number {
    this.#parameters.list.forEach(({ gradient, count }, i) => {
      kernels.accumulate(gradient, this.#slots.address(this.#sums, i), count);
      kernels.scale(gradient, count, 1 / this.#common.gradientAccumulationSteps);
    });
    return this.#parameters.norm('gradient');
  }

  /** Changes the weights. @returns what overflowed, if something did: then all is as it was before; null if all is well. */
  #change(kernels: TrainingKernels, norm: number): string | null {
    const { learningRate } = this;
    const { list } = this.#parameters;
    clipGradients(kernels, list, this.#common, norm);
    const before = this.#rule.numbers;
    const decay = learningRate * this.#common.weightDecay;
    const weights = this.#parameters.norm('values') * Math.max(1, Math.abs(1 - decay));
    const bound = this.#rule.beginStep({ norm, learningRate, slotNorm: (slot) => this.#slots.norm(slot) });
    // A copy of weights and slots costs more than a small batch's step: it is made only where it may be needed.
    const isSafe = weights + bound < safeMagnitude && learningRate < safeMagnitude && decay < safeMagnitude;
    try {
      if (!isSafe) this.#backup.save();
    } catch (error) {
      // There is no room for it.
      this.#rule.numbers = before;
      throw error;
    }
    // Decay is a step down the slope of ½ |w|², whose gradient is w itself.
    if (decay > 0) for (const { values, count } of this.#decaying) kernels.sgd(values, values, 0, count, decay, 0, 0);
    list.forEach((parameter, i) => {
      this.#rule.update(kernels, parameter, this.#addresses[i] ?? [], learningRate);
    });
    const overflown = isSafe ? null : this.#overflown(kernels);
    if (overflown === null) return null;
    this.#backup.restore();
    this.#rule.numbers = before;
    return overflown;
  }

  #overflown(kernels: TrainingKernels): string | null {
    for (const [i, { path, values, count }] of this.#parameters.list.entries()) {
      if (kernels.firstNonFinite(values, count) >= 0) return `the weight ${path}`;
      const isBad = this.#addresses[i]?.some((slot) => kernels.firstNonFinite(slot, count) >= 0) ?? false;
      if (isBad) return `what the optimizer remembers of the weight ${path}`;
    }
    return null;
  }

  #bytesOfSums(): [address: number, bytes: number] {
    const { address, count } = this.#slots.block(this.#sums);
    return [address, 4 * count];
  }

  /** The weights become their averages, if there are any: what training ends with. */
  finalize(): void {
    if (this.#averages === undefined || this.iterations === 0) return;
    if (this.#areAveragesInPlace) this.swapAverages('');
    this.#averages.overwrite();
  }

  /** Weights and their averages change places. @throws Error where there are no averages. */
  swapAverages(where: string): void {
    if (this.#averages === undefined)
      throw new Error(`${where}: the optimizer keeps no averages; compile it with useEma: true`);
    if (this.iterations === 0) throw new Error(`${where}: there are no averages before the first step`);
    this.#averages.swap();
    this.#areAveragesInPlace = !this.#areAveragesInPlace;
  }

  #refuseAveragesInPlace(what: string): void {
    if (!this.#areAveragesInPlace) return;
    throw new Error(`optimizer: the averaged weights are in place: call swapAveragedWeights() again before ${what}`);
  }

  /** All that it remembers, to go on from with `restore`. */
  save(): SavedOptimizer {
    this.#refuseAveragesInPlace('it is saved');
    return { numbers: this.#numbers, tensors: this.#slots.save() };
  }

  get #numbers(): Record<string, number> {
    const rate = this.#schedule === undefined ? { learningRate: this.#learningRate } : undefined;
    return { ...this.#rule.numbers, ...rate, batches: this.#batches };
  }

  /**
   * Goes on from what `save` gave, of the same optimizer over the same weights.
   * @throws TypeError, naming what differs; nothing is changed then.
   */
  restore(where: string, { numbers, tensors }: SavedOptimizer): void {
    const own = Object.keys(this.#rule.numbers);
    const expected = Object.keys(this.#numbers).sort().join(', ');
    const came = Object.keys(numbers).sort().join(', ');
    if (came !== expected) mismatch(where, `an optimizer with ${expected}`, came);
    const powers = own.map((name) => [name, share(numbers[name], `${where}: ${name}`)] as const);
    const batches = nonNegativeInteger(numbers.batches, `${where}: batches`);
    const learningRate =
      this.#schedule === undefined ? positiveFloat(numbers.learningRate, `${where}: learningRate`) : 0;
    this.#slots.check(where, tensors);
    this.#slots.restore(tensors);
    this.#rule.numbers = Object.fromEntries(powers);
    this.#batches = batches;
    this.#learningRate = learningRate;
    this.#areAveragesInPlace = false;
    this.gradientNorm = NaN;
  }

  /** Gives its memory back; where nobody calls it, that comes when the optimizer is garbage. */
  release(): void {
    this.#slots.release();
  }
}
