import { fields, mismatch, optional, positiveInteger, refuse, type Reader } from '../options/options.js';
import { makeTensor, readNumbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import type { StreamPlan } from './stream-plan.js';
import type { StreamRun } from './stream-run.js';

/** What a forecast wants of a session. */
interface Forked {
  readonly batch: number;
  readonly run: StreamRun;
  fork(): Forked;
  pushAll(x: Float32Array | TensorLike): unknown;
  close(): void;
}

/** What is fed next, of one sequence: the features of a step. Several outputs come one behind the other. */
export type Feedback = (output: Float32Array, step: number, sequence: number) => ArrayLike<number>;

export interface ForecastOptions {
  /** Makes the next input of an output. Default: the output itself. */
  feedback?: Feedback;
  /** What else is known of the steps to come, [n − 1 or more, features] or [batch, n − 1 or more, features]: it goes behind what is fed back. */
  exogenous?: TensorLike;
}

const functionReader: Reader<Feedback> = (value, where) =>
  typeof value === 'function' ? (value as Feedback) : refuse(where, 'a function', value);

/** Runs `session.forecast`, on a fork. */
export function forecast(
  where: string,
  session: Forked,
  plan: StreamPlan,
  n: number,
  options: ForecastOptions,
): Tensor {
  const steps = positiveInteger(n, where);
  const read = fields(options, where, {
    feedback: optional(functionReader, (output: Float32Array) => output),
    exogenous: (value: unknown, at: string) => (value === undefined ? null : readNumbers(value, at)),
  });
  const { batch } = session;
  const [input, ...others] = plan.inputs;
  if (input === undefined || others.length > 0 || !plan.isEven) {
    throw new Error(`${where}: wants a model with one input with time, and a row of output for each step`);
  }
  const width = plan.outputs.reduce((sum, output) => sum + output.width, 0);
  const known = exogenousOf(where, read.exogenous, batch, steps);
  const rows = new Float32Array(batch * steps * width);
  const x = new Float32Array(batch * input.width);
  const shaped = batch === 1 ? x : { data: x, shape: [batch, 1, ...input.axes] };
  const fork = session.fork();
  try {
    for (let step = 0; step < steps; step++) {
      for (let b = 0; b < batch; b++) {
        const last = fork.run.lastOutputs(b);
        if (last.length === 0)
          throw new Error(`${where}: there is no output yet to go on from: push at least one step`);
        rows.set(last, (b * steps + step) * width);
        if (step === steps - 1) continue;
        const { data } = readNumbers(read.feedback(last, step, b), `${where}: feedback`);
        const next = [...data, ...known(b, step)];
        if (next.length !== input.width)
          mismatch(`${where}: feedback`, `the ${input.width} value(s) of a step`, next.length);
        x.set(next, b * input.width);
      }
      if (step < steps - 1) fork.pushAll(shaped);
    }
  } finally {
    fork.close();
  }
  return makeTensor(rows, batch === 1 ? [steps, width] : [batch, steps, width]);
}

/** What is known of a step of a sequence. */
function exogenousOf(
  where: string,
  given: { readonly data: Float32Array; readonly shape: readonly number[] } | null,
  batch: number,
  steps: number,
): (sequence: number, step: number) => Float32Array {
  if (given === null) return () => new Float32Array();
  const [rows, length = 0, width = 0, ...others] = given.shape.length === 2 ? [1, ...given.shape] : given.shape;
  if (rows !== batch || length < steps - 1 || others.length > 0) {
    const came = `[${given.shape.join(', ')}]`;
    mismatch(`${where}: exogenous`, `${steps - 1} steps or more of ${batch} sequence(s)`, came);
  }
  return (sequence, step) =>
    given.data.subarray((sequence * length + step) * width, (sequence * length + step + 1) * width);
}
