// A step of many sessions in bucle: all in one call, one after the other, and as one session with as many sequences.
import { layers, sequential } from 'bucle';
import type { Contender, Peer } from '../contender.js';
import { uniformArray } from '../random.js';
import type { SessionsWork } from '../stream-works.js';
import { way } from './bucle-way.js';

export const together = 'model.push into an array';
export const togetherWithTensors = 'model.push, a tensor for each session';
export const inTurn = 'session.push one by one';
export const asBatch = 'one session of as many sequences';

export const sessionsWays: readonly Peer[] = [
  way(together, 'sessions', (work) =>
    contender(work, (model) => {
      const sessions = open(model, work);
      return (x, out) => {
        model.push(sessions, x, out);
        return out;
      };
    }),
  ),
  way(togetherWithTensors, 'sessions', (work) =>
    contender(work, (model) => {
      const sessions = open(model, work);
      return (x, out) => {
        const tensors = model.push(sessions, x);
        let at = 0;
        for (const { data } of tensors) {
          out.set(data, at);
          at += data.length;
        }
        return out;
      };
    }),
  ),
  way(inTurn, 'sessions', (work) =>
    contender(work, (model) => {
      const sessions = open(model, work);
      const { inputs, units } = work;
      const rowsOf = (values: Float32Array, width: number) =>
        sessions.map((_, i) => values.subarray(i * width, (i + 1) * width));
      const views = new Map<Float32Array, Float32Array[]>();
      const viewsOf = (values: Float32Array, width: number) => {
        const rows = views.get(values) ?? rowsOf(values, width);
        views.set(values, rows);
        return rows;
      };
      return ({ data }, out) => {
        const [xs, outs] = [viewsOf(data, inputs), viewsOf(out, units)];
        for (let i = 0; i < sessions.length; i += 1) sessions[i]?.push(xs[i], outs[i]);
        return out;
      };
    }),
  ),
  way(asBatch, 'sessions', (work) =>
    contender(work, (model) => {
      const session = model.stream({ batch: work.sessions });
      return ({ data }, out) => {
        session.push({ data, shape: [work.sessions, 1, work.inputs] }, out);
        return out;
      };
    }),
  ),
];

type Model = ReturnType<typeof sequential>;
type Step = (x: { data: Float32Array; shape: number[] }, out: Float32Array) => Float32Array;

function open(model: Model, { sessions }: SessionsWork) {
  return Array.from({ length: sessions }, () => model.stream());
}

/** What is compared are the outputs of the first steps. */
function contender(work: SessionsWork, starting: (model: Model) => Step): Contender {
  const { sessions, inputs, units } = work;
  const layer = layers.lstm({ units, returnSequences: true, inputShape: [null, inputs] });
  const model = sequential({ layers: [layer] });
  const xs = Array.from({ length: 4 }, (_, i) => ({
    data: uniformArray(sessions * inputs, 5_000 + i),
    shape: [sessions, inputs],
  }));
  const stepOf = (push: Step) => {
    const out = new Float32Array(sessions * units);
    let step = 0;
    return () => push(xs[step++ % xs.length], out);
  };
  return {
    deferred: false,
    outcome: () => {
      const push = stepOf(starting(model));
      return Float32Array.from(xs.flatMap(() => [...push()]));
    },
    call: stepOf(starting(model)),
  };
}
