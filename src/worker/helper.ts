import { kernelBuild } from '../kernels/build.js';
import { known } from '../plan/known.js';
import { argumentsIn } from '../training/kept-training.js';
import { loadWith } from '../training/load-with.js';
import type { CrewQuestion, SharedModel } from '../training/threads/crew.js';
import type { Answer } from '../training/threads/line.js';
import type { CompileArguments, TrainableModel } from '../training/trainable-model.js';

/** Runs parts of another thread's batches. */
export class Helper {
  #model: TrainableModel | undefined;

  answer(question: CrewQuestion): Answer {
    if (question.kind === 'build') {
      this.#model = build(question.model);
      return { value: null };
    }
    if (this.#model === undefined) throw new Error('a thread that helps has no model');
    if (question.kind === 'weights') {
      const all = this.#model.getWeights();
      this.#model.setWeights(all.map(({ shape }, i) => ({ shape, data: known(question.weights[i], 'a weight') })));
      return { value: null };
    }
    const { where, shared, parts } = question;
    const own = this.#model.trainer.parts;
    own.shared = shared;
    const value = parts.map((part) => own.run(where, part));
    return { value, transfer: value.map(({ gradients }) => gradients.buffer as ArrayBuffer) };
  }
}

function build({ arithmetic, module, file, compile }: SharedModel): TrainableModel {
  const kernels = kernelBuild(arithmetic, true, () => module);
  const model = loadWith(kernels, file);
  model.compile(argumentsIn(compile) as CompileArguments);
  return model;
}
