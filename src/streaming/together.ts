import type { TensorsLike } from '../graph/inputs.js';
import { printShape } from '../graph/shape.js';
import { mismatch, refuse } from '../options/options.js';
import { makeTensor, type Tensor } from '../tensors/tensor.js';
import { moveSequences, sequenceLength, type Sequence } from './sequence-states.js';
import { PushReader } from './push-reader.js';
import { Session } from './session.js';
import type { Streamed } from './stream-plan.js';
import { StreamRun } from './stream-run.js';

/** States of more values are not brought side by side: to copy them costs more than to run one session after the other. */
const largestGathered = 8192;

/** A session, and where its sequences stand among those of all. */
interface Member {
  readonly session: Session;
  readonly first: number;
}

/** Steps of many sessions in one call: their sequences run side by side, and have the bits that each would have alone. */
export class Together {
  readonly #streamed: Streamed;
  readonly #reader: PushReader;
  /** What ran last: the next call may well have as many sequences. */
  #run: StreamRun | undefined;

  constructor(streamed: Streamed) {
    this.#streamed = streamed;
    this.#reader = new PushReader(streamed);
  }

  /** See `model.push`: the outputs of each session. */
  push(sessions: unknown, x: TensorsLike): Tensor[][] {
    const { outputs } = this.#streamed.plan;
    const { members, data, steps } = this.#read(sessions, x);
    const results = new Map<Session, Tensor[]>();
    for (const group of groupsOf(members)) {
      const [{ session: one }] = group as [Member];
      one.run.setSteps(steps);
      const rows = outputs.map((output) => one.run.rowsOf(output, steps));
      const sequences = group.reduce((sum, { session }) => sum + session.batch, 0);
      const values = outputs.map(({ width }, i) => new Float32Array(sequences * (rows[i] ?? 0) * width));
      this.#runGroup(group, sequences, data, steps, values);
      let first = 0;
      for (const { session } of group) {
        const { batch } = session;
        const tensors = outputs.map(({ axes, width }, i) => {
          const [all = new Float32Array(), count = 0] = [values[i], rows[i]];
          const own = all.subarray(first * count * width, (first + batch) * count * width);
          return makeTensor(own, batch === 1 ? [count, ...axes] : [batch, count, ...axes]);
        });
        results.set(session, tensors);
        first += batch;
      }
    }
    return members.map(({ session }) => results.get(session) ?? []);
  }

  /** The same without an object for each session: of a model with one output, which has a row for each step. */
  pushInto(sessions: unknown, x: TensorsLike, out: Float32Array): number {
    const { plan } = this.#streamed;
    const { where } = this.#reader;
    const [only, ...others] = plan.outputs;
    if (only === undefined || others.length > 0 || !plan.isEven) {
      throw new TypeError(`${where}: out serves models with one output, which has a row for each step`);
    }
    const { members, data, steps, sequences } = this.#read(sessions, x);
    const [{ session: one }] = members as [Member];
    const rows = one.run.rowsOf(only, steps);
    const wanted = sequences * rows * only.width;
    this.#reader.checkOut(out, wanted);
    this.#runGroup(members, sequences, data, steps, [out.subarray(0, wanted)]);
    return rows;
  }

  /** Runs sessions that stand at the same place between strides; `results` hold those of all, one behind the other. */
  #runGroup(
    group: readonly Member[],
    sequences: number,
    data: readonly Float32Array[],
    steps: number,
    results: readonly Float32Array[],
  ): void {
    const { plan, workspace } = this.#streamed;
    const [{ session: one }] = group as [Member];
    if (group.length === 1 || sequenceLength(one.run) > largestGathered) {
      this.#runInTurn(group, sequences, data, steps, results);
      return;
    }
    const run = this.#runOf(sequences);
    run.before = one.run.before;
    run.setSteps(steps);
    const members: (Sequence & { readonly row: number })[] = [];
    for (const { session, first } of group) {
      for (let index = 0; index < session.batch; index++) members.push({ run: session.run, index, row: first + index });
    }
    moveSequences(workspace, members, run, false);
    run.push(
      data.map((values, i) => rowsOf(values, members, steps * (plan.inputs[i]?.width ?? 0))),
      steps,
      results,
    );
    moveSequences(workspace, members, run, true);
    members.forEach(({ run: own, index }, i) => {
      own.takeOutputs(index, results, i, sequences);
      own.before = run.before;
    });
  }

  #runInTurn(
    group: readonly Member[],
    sequences: number,
    data: readonly Float32Array[],
    steps: number,
    results: readonly Float32Array[],
  ): void {
    const { inputs } = this.#streamed.plan;
    let done = 0;
    for (const { session, first } of group) {
      const { batch, run } = session;
      const own = data.map((values, i) => part(values, first, batch, steps * (inputs[i]?.width ?? 0)));
      const into = results.map((values) => part(values, done, batch, values.length / sequences));
      run.setSteps(steps);
      run.push(own, steps, into);
      done += batch;
    }
  }

  #runOf(sequences: number): StreamRun {
    if (this.#run?.batch !== sequences) {
      this.#run?.release();
      this.#run = undefined;
      this.#run = new StreamRun(this.#streamed.plan, this.#streamed.workspace, sequences);
    }
    return this.#run;
  }

  #read(
    sessions: unknown,
    x: unknown,
  ): { members: Member[]; sequences: number; data: readonly Float32Array[]; steps: number } {
    const { members, sequences } = this.#membersOf(this.#reader.where, sessions);
    const read = this.#reader.read(x, (where, { axes }, shape) => {
      const isStep = shape.length === axes.length + 1;
      const [rows, steps = 1, ...inner] = isStep ? [shape[0], 1, ...shape.slice(1)] : shape;
      if (rows !== sequences || inner.length !== axes.length || axes.some((length, axis) => inner[axis] !== length)) {
        mismatch(where, `shape ${printShape([sequences, null, ...axes], ['', 'time'])}`, printShape(shape));
      }
      return steps;
    });
    return { members, sequences, ...read };
  }

  #membersOf(where: string, sessions: unknown): { members: Member[]; sequences: number } {
    if (!Array.isArray(sessions) || sessions.length === 0) refuse(where, 'an array of sessions', sessions);
    let sequences = 0;
    const members = sessions.map((session: unknown): Member => {
      if (!(session instanceof Session) || session.run.plan !== this.#streamed.plan) {
        refuse(where, 'sessions of this model', session);
      }
      session.checkOpen();
      const first = sequences;
      sequences += session.batch;
      return { session, first };
    });
    if (new Set(sessions).size !== sessions.length) mismatch(where, 'each session once', 'one twice');
    return { members, sequences };
  }
}

/** Sessions that stand at the same place between strides run side by side. */
function groupsOf(members: readonly Member[]): Member[][] {
  const groups = new Map<number, Member[]>();
  for (const member of members) {
    const { before } = member.session.run;
    const group = groups.get(before);
    if (group === undefined) groups.set(before, [member]);
    else group.push(member);
  }
  return [...groups.values()];
}

/** The values of members, one behind the other: as they came where they are all there in their order. */
function rowsOf(values: Float32Array, members: readonly { readonly row: number }[], length: number): Float32Array {
  if (members.every(({ row }, i) => row === i)) return values;
  const gathered = new Float32Array(members.length * length);
  members.forEach(({ row }, i) => {
    gathered.set(values.subarray(row * length, (row + 1) * length), i * length);
  });
  return gathered;
}

/** The values of some sequences, of `length` each. */
function part(values: Float32Array, first: number, sequences: number, length: number): Float32Array {
  return values.subarray(first * length, (first + sequences) * length);
}
