// What a push takes besides its kernels: the same calls of the same kernels, written out with their arguments as constants.
import { layers, type Session, sequential } from 'bucle';
import { runInThisContext } from 'node:vm';
import type { Contender, Peer } from '../contender.js';
import { uniformArray } from '../random.js';
import type { PushWork } from '../stream-works.js';
import { way } from './bucle-way.js';

export const push = 'session.push with out';
export const bareKernels = 'its kernel calls alone';

export const pushWays: readonly Peer[] = [
  way(push, 'push', (work) =>
    contender(work, (session) => ({
      step: (x, out) => session.push(x, out),
      run: (x, out) => () => session.push(x, out),
    })),
  ),
  way(bareKernels, 'push', (work) =>
    contender(work, (session, model) => {
      const call = kernelCalls(session, model);
      return {
        /** The values are carried in and out by hand, to see that these are the right calls. */
        step: (x, out) => {
          const { runner, inputs, outputs } = session.run.plan;
          const { floats } = model.workspace;
          const { run } = session.run;
          floats.set(x, runner.address(inputs[0].staging, run) / 4);
          call();
          const from = runner.address(outputs[0].dense, run) / 4;
          out.set(floats.subarray(from, from + out.length));
        },
        run: () => call,
      };
    }),
  ),
];

type Model = ReturnType<typeof sequential>;

interface Steps {
  /** One step, from values to values. */
  readonly step: (x: Float32Array, out: Float32Array) => unknown;
  /** What is timed, of the same step again and again. */
  readonly run: (x: Float32Array, out: Float32Array) => () => unknown;
}

function contender(work: PushWork, starting: (session: Session, model: Model) => Steps): Contender {
  const { inputs, lstmUnits, denseUnits } = work;
  const inputShape = [null, inputs];
  const model = sequential({
    layers: [
      ...(lstmUnits === null ? [] : [layers.lstm({ units: lstmUnits, returnSequences: true, inputShape })]),
      ...(denseUnits === null ? [] : [layers.dense({ units: denseUnits, ...(lstmUnits === null && { inputShape }) })]),
    ],
  });
  const xs = Array.from({ length: 32 }, (_, i) => uniformArray(inputs, 6_000 + i));
  const out = new Float32Array(denseUnits ?? lstmUnits ?? 0);
  return {
    deferred: false,
    outcome: () => {
      const { step } = starting(model.stream(), model);
      return Float32Array.from(
        xs.flatMap((x) => {
          step(x, out);
          return [...out];
        }),
      );
    },
    call: starting(model.stream(), model).run(xs[0], out),
  };
}

/** A function of nothing but calls of exports of the module; its addresses are good until the session closes. */
function kernelCalls(session: Session, { workspace }: Model): () => void {
  const { plan, run } = session.run;
  session.run.prepare(1);
  const { steps } = plan.runner.plan;
  const names = steps.map((_, i) => `kernel${String(i)}`);
  const calls = names.map((name, i) => `${name}(${(run.resolved[i] as number[]).join(', ')});`);
  const make = runInThisContext(`(${names.join(', ')}) => () => { ${calls.join(' ')} }`) as (
    ...kernels: unknown[]
  ) => () => void;
  return make(...steps.map(({ kernel }) => workspace.kernels[kernel]));
}
