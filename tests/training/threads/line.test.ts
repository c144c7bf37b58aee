/** Questions and answers between threads: in any order, with their errors, until one end is no more. */
import { expect, test } from 'vitest';
import { Line, type Answer } from '../../../src/training/threads/line.js';
import { portOf, type Port } from '../../../src/training/threads/port.js';

type Answering = (question: never) => Answer | Promise<Answer>;

/** Two ends of a channel; what the second one answers with. */
function lines(answer: Answering, ownAnswer: Answering = () => ({ value: null })): { line: Line; other: Line } {
  const { port1, port2 } = new MessageChannel();
  return { line: new Line(portOf(port1), ownAnswer), other: new Line(portOf(port2), answer) };
}

test('answers find their questions, in whatever order they come', async () => {
  const open: ((answer: Answer) => void)[] = [];
  const { line, other } = lines(
    (question: number) =>
      new Promise<Answer>((resolve) => {
        open.push(resolve);
        if (open.length < 3) return;
        for (const [i, answer] of [...open.entries()].reverse()) answer({ value: [question, i] });
      }),
  );
  const answers = await Promise.all([line.ask(1), line.ask(2), line.ask(3)]);
  expect(answers).toEqual([[3, 0], [3, 1], [3, 2]]); // prettier-ignore
  await Promise.all([line.close(), other.close()]);
});

test('both ends ask, and buffers are handed over', async () => {
  const data = new Float32Array([1, 2, 3]);
  const answered: ArrayBuffer[] = [];
  const { line, other } = lines(
    async (question: Float32Array) => {
      const doubled = question.map((value) => 2 * value);
      answered.push(doubled.buffer);
      return { value: [doubled, await other.ask('own')], transfer: [doubled.buffer] };
    },
    (question: string) => ({ value: `${question}!` }),
  );
  expect(await line.ask(data, [data.buffer])).toEqual([Float32Array.of(2, 4, 6), 'own!']);
  expect(data.length).toBe(0);
  expect(answered[0].byteLength).toBe(0);
  await Promise.all([line.close(), other.close()]);
});

test('errors keep their class, their name and their fields', async () => {
  const errors = [
    new TypeError('a type'),
    Object.assign(new RangeError('a range'), { batch: 3, tensor: 'x' }),
    Object.assign(new Error('an own one'), { name: 'OwnError' }),
  ];
  const { line, other } = lines((i: number) => {
    if (i < errors.length) throw errors[i];
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw 'a text';
  });
  const caught = await Promise.all([0, 1, 2, 3].map((i) => line.ask(i).catch((error: unknown) => error)));
  expect(caught[0]).toBeInstanceOf(TypeError);
  expect(caught[1]).toBeInstanceOf(RangeError);
  expect(caught[1]).toMatchObject({ message: 'a range', batch: 3, tensor: 'x' });
  expect(caught[2]).toMatchObject({ message: 'an own one', name: 'OwnError' });
  expect(caught[3]).toMatchObject({ message: 'a text' });
  await Promise.all([line.close(), other.close()]);
});

test('what cannot be sent rejects its own question or answer, and no other', async () => {
  const { line, other } = lines((question: unknown) => ({ value: question === 'function' ? () => 1 : question }));
  await expect(line.ask(() => 1)).rejects.toThrow('could not be cloned');
  await expect(line.ask('function')).rejects.toThrow('could not be cloned');
  expect(await line.ask('text')).toBe('text');
  await Promise.all([line.close(), other.close()]);
});

test('of an error’s fields those are kept that can be sent', async () => {
  const error = Object.assign(new Error('mine'), { code: 5, toJSON: () => 1, symbol: Symbol('x'), inner: {} });
  const { line, other } = lines(() => {
    throw error;
  });
  const caught: unknown = await line.ask(1).catch((e: unknown) => e);
  expect(Object.entries(caught as Error)).toEqual([['code', 5]]);
  expect(caught).toMatchObject({ message: 'mine' });
  await Promise.all([line.close(), other.close()]);
});

test('when the other end is no more, all that waits is rejected, and what is asked afterwards', async () => {
  let fail: (error: Error) => void = () => undefined;
  let closed = 0;
  const port: Port = {
    post: () => undefined,
    listen: (_, failed) => {
      fail = failed;
    },
    close: () => {
      closed++;
      return Promise.resolve();
    },
  };
  const line = new Line(port, () => ({ value: null }));
  const waiting = [line.ask(1), line.ask(2)];
  fail(new Error('it is no more'));
  // What follows says less.
  fail(new Error('it ended with code 1'));
  for (const one of [...waiting, line.ask(3), line.ended]) await expect(one).rejects.toThrow('it is no more');
  await line.close();
  expect(closed).toBe(1);
  await expect(line.ask(4)).rejects.toThrow('it is no more');
});

test('what waits when a line is closed is rejected', async () => {
  const { line, other } = lines(() => new Promise<Answer>(() => undefined));
  const waiting = line.ask(1);
  await Promise.all([line.close(), other.close()]);
  await expect(waiting).rejects.toThrow('a thread was ended');
  await expect(line.ended).rejects.toThrow('a thread was ended');
  await expect(line.ask(2)).rejects.toThrow('a thread was ended');
});
