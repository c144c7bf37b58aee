/** The states of sessions: forked, saved, moved, run side by side. Every way to the same step gives the same bits. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type Session } from '../../src/index.js';
import { createRandom } from '../random.js';

const features = 3;
const steps = 90;
const models = {
  recurrent: sequential({
    layers: [
      layers.lstm({ units: 6, returnSequences: true, inputShape: [null, features] }),
      layers.gru({ units: 5, returnSequences: true }),
      layers.dense({ units: 2 }),
    ],
  }),
  convolutions: sequential({
    layers: [
      layers.conv1d({ filters: 5, kernelSize: 3, dilationRate: 4, padding: 'causal', inputShape: [null, features] }),
      layers.conv1d({ filters: 2, kernelSize: 2, dilationRate: 7, padding: 'causal' }),
    ],
  }),
  rates: sequential({
    layers: [
      layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, inputShape: [null, features] }),
      layers.maxPooling1d({ poolSize: 3 }),
      layers.simpleRNN({ units: 2, returnSequences: true }),
    ],
  }),
  pooled: sequential({
    layers: [
      layers.conv1d({ filters: 4, kernelSize: 2, padding: 'causal', inputShape: [null, features] }),
      layers.globalAveragePooling1d(),
    ],
  }),
};
const random = createRandom(7);
const sequences = Array.from({ length: 4 }, () => Float32Array.from(random.normals(steps * features)));
const rows = (sequence: number, from: number, to: number): Float32Array =>
  (sequences[sequence] ?? new Float32Array()).slice(from * features, to * features);

describe.each(Object.entries(models))('%s', (_name, model) => {
  const whole = (sequence: number, from: number, to: number): Float32Array => {
    const session = model.stream();
    session.push(rows(sequence, 0, from));
    const { data } = session.push(rows(sequence, from, to));
    session.close();
    return data;
  };

  test('a fork goes its own way from where it was made', () => {
    const session = model.stream();
    session.push(rows(0, 0, 41));
    const fork = session.fork();
    session.push(rows(1, 0, 20));
    expect(fork.push(rows(0, 41, 80)).data).toEqual(whole(0, 41, 80));
  });

  test('bytes bring a session back: alone, after a reset, into a batch, out of one', () => {
    const session = model.stream();
    session.push(rows(0, 0, 41));
    const bytes = session.save();
    session.push(rows(0, 41, 50));
    const resumed = model.stream({ state: bytes });
    expect(resumed.save()).toEqual(bytes);
    expect(resumed.push(rows(0, 41, 80)).data).toEqual(whole(0, 41, 80));
    resumed.reset();
    expect(resumed.push(rows(2, 0, 33)).data).toEqual(whole(2, 0, 33));

    const other = model.stream();
    other.push(rows(1, 0, 7));
    other.push(rows(1, 7, 41));
    const pair = model.stream({ state: [other.save(), bytes] });
    expect(pair.batch).toBe(2);
    const both = { data: new Float32Array([...rows(1, 41, 80), ...rows(0, 41, 80)]), shape: [2, 39, features] };
    expect(pair.push(both).data).toEqual(new Float32Array([...whole(1, 41, 80), ...whole(0, 41, 80)]));
    const back = model.stream({ state: pair.save(1) });
    expect(back.push(rows(0, 80, 90)).data).toEqual(whole(0, 80, 90));
  });

  test('sessions at different places step together', () => {
    const starts = [0, 1, 13, 40];
    const make = (): Session[] =>
      starts.map((start, i) => {
        const session = model.stream();
        session.push(rows(i, 0, start));
        return session;
      });
    const [together, alone] = [make(), make()];
    let at = [...starts];
    for (const count of [1, 7, 1, 1, 30]) {
      const x = new Float32Array(at.flatMap((from, i) => [...rows(i, from, from + count)]));
      const results = model.push(together, { data: x, shape: [4, count, features] });
      at.forEach((from, i) => {
        const { data, shape } = alone[i].push(rows(i, from, from + count));
        expect(results[i].data).toEqual(data);
        expect(results[i].shape).toEqual(shape);
      });
      at = at.map((from) => from + count);
    }
    together.forEach((session, i) => {
      expect(session.save()).toEqual(alone[i].save());
    });
  });
});

describe('push of several sessions', () => {
  const model = models.recurrent;

  test('with out it fills one array; sessions may be batches', () => {
    const [single, pair] = [model.stream(), model.stream({ batch: 2 })];
    const x = {
      data: new Float32Array([...rows(0, 0, 5), ...rows(1, 0, 5), ...rows(2, 0, 5)]),
      shape: [3, 5, features],
    };
    const out = new Float32Array(3 * 5 * 2);
    expect(model.push([single, pair], x, out)).toBe(5);
    expect(out).toEqual(model.predict(x).data);
    const step = {
      data: new Float32Array([...rows(0, 5, 6), ...rows(1, 5, 6), ...rows(2, 5, 6)]),
      shape: [3, features],
    };
    const [first, both] = model.push([single, pair], step);
    expect([first.shape, both.shape]).toEqual([
      [1, 2],
      [2, 1, 2],
    ]);
  });

  test('what cannot be stepped together is refused', () => {
    const [one, two, closed] = [model.stream(), model.stream(), model.stream()];
    closed.close();
    const x = { data: new Float32Array(2 * features), shape: [2, features] };
    expect(() => model.push([], x)).toThrow('push: expected an array of sessions');
    expect(() => model.push([one, models.pooled.stream()], x)).toThrow('push: expected sessions of this model');
    expect(() => model.push([one, closed], x)).toThrow('this session is closed');
    expect(() => model.push([one, one], x)).toThrow('each session once');
    expect(() => model.push([one, two], [[1, 2, 3]])).toThrow('expected shape [2, time, 3], got [1, 3]');
    expect(() => model.push([one, two], x, new Float32Array(3))).toThrow('at least 4 values');
    expect(() => models.rates.push([models.rates.stream()], [[1, 2, 3]], new Float32Array(9))).toThrow(
      'out serves models',
    );
  });
});

describe('states as bytes', () => {
  const model = models.recurrent;
  const session = model.stream();
  session.push(rows(0, 0, 10));
  const bytes = session.save();
  const altered = (change: (copy: Uint8Array) => Uint8Array | undefined): Uint8Array => {
    const copy = bytes.slice();
    return change(copy) ?? copy;
  };

  test('foreign, truncated, altered and newer ones are refused', () => {
    const open =
      (state: unknown): (() => unknown) =>
      () =>
        model.stream({ state: state as Uint8Array });
    expect(open('state')).toThrow('stream: state: expected a Uint8Array');
    expect(open(new Uint8Array(3))).toThrow('expected the state of a session');
    expect(open(bytes.subarray(0, 60))).toThrow('bytes, got 60');
    expect(open(altered((copy) => void (copy[60] ^= 1)))).toThrow(
      'expected a state as it was saved, got an altered one',
    );
    expect(open(altered((copy) => void (copy[4] = 2)))).toThrow('a state of version 1, got one of version 2');
    expect(open(models.pooled.stream().save())).toThrow(
      'expected a state of this model and its weights, got that of another',
    );
    for (let i = 0; i < bytes.length; i++) expect(open(bytes.subarray(0, i))).toThrow();
    expect(() => model.stream({ state: bytes, batch: 2 })).toThrow('expected 2 sequence(s), got 1');
  });

  test('other weights make another model', () => {
    const twin = sequential({
      layers: [
        layers.lstm({ units: 6, returnSequences: true, inputShape: [null, features] }),
        layers.gru({ units: 5, returnSequences: true }),
        layers.dense({ units: 2 }),
      ],
    });
    twin.setWeights(model.getWeights());
    expect(twin.stream({ state: bytes }).push(rows(0, 10, 20)).data).toEqual(session.fork().push(rows(0, 10, 20)).data);
    const [first, ...others] = model.getWeights();
    first.data[0] += 1;
    twin.setWeights([first, ...others]);
    expect(() => twin.stream({ state: bytes })).toThrow('got that of another');
  });

  test('what fixed inputs decided goes with the state', () => {
    const [series, context] = [input({ shape: [null, 2] }), input({ shape: [2] })];
    const y = layers.lstm({ units: 2, returnSequences: true }).apply(series, { initialState: [context, context] });
    const conditioned = functional({
      inputs: [series, context],
      outputs: layers.add().apply([y, layers.reshape({ targetShape: [1, 2] }).apply(context)]),
    });
    const started = conditioned.stream({ fixed: [[0.5, -1]] });
    started.push([[1, 2]]);
    const resumed = conditioned.stream({ state: started.save() });
    const forecast = started.forecast(3).data;
    expect(resumed.fork().forecast(3).data).toEqual(forecast);
    expect(resumed.push([[3, 4]]).data).toEqual(started.push([[3, 4]]).data);
    expect(() => {
      resumed.reset();
    }).toThrow('opened from a state, without fixed');
  });
});

describe('several inputs with time', () => {
  const [a, b] = [input({ shape: [null, 2], name: 'a' }), input({ shape: [null, 3], name: 'b' })];
  const joined = layers.concatenate().apply([layers.lstm({ units: 3, returnSequences: true }).apply(a), b]);
  const model = functional({ inputs: [a, b], outputs: layers.gru({ units: 4, returnSequences: true }).apply(joined) });
  const [x, z] = [Float32Array.from(random.normals(2 * 70)), Float32Array.from(random.normals(3 * 70))];
  const expected = model.predict([
    { data: x, shape: [1, 70, 2] },
    { data: z, shape: [1, 70, 3] },
  ]).data;
  const part = (from: number, to: number) => ({
    a: { data: x.slice(2 * from, 2 * to), shape: [to - from, 2] },
    b: { data: z.slice(3 * from, 3 * to), shape: [to - from, 3] },
  });

  test('come in equal steps', () => {
    const session = model.stream();
    expect(session.push(part(0, 30)).data).toEqual(expected.slice(0, 120));
    expect(session.push(part(30, 31)).data).toEqual(expected.slice(120, 124));
    expect(session.push(part(31, 70)).data).toEqual(expected.slice(124));
    expect(() =>
      session.push({
        a: [[1, 2]],
        b: [
          [1, 2, 3],
          [1, 2, 3],
        ],
      }),
    ).toThrow('as many steps of each input, got 1 and 2');
    expect(() => session.push([[1, 2]])).toThrow('expected 2 tensors (a, b)');
  });
});

describe('forecast', () => {
  const model = sequential({
    layers: [layers.lstm({ units: 6, returnSequences: true, inputShape: [null, 2] }), layers.dense({ units: 2 })],
  });
  const x = Float32Array.from(random.normals(2 * 20));

  test('feeds outputs back as if the whole prefix ran again, and leaves the session as it is', () => {
    const session = model.stream();
    session.push(x);
    const before = session.save();
    const { data, shape } = session.forecast(5);
    expect(shape).toEqual([5, 2]);
    expect(session.save()).toEqual(before);
    const values = [...x];
    for (let step = 0; step < 5; step++) {
      const y = model.predict({ data: new Float32Array(values), shape: [1, values.length / 2, 2] }).data.slice(-2);
      expect(data.slice(2 * step, 2 * step + 2)).toEqual(y);
      values.push(...y);
    }
  });

  test('feedback and exogenous inputs make the next step; batches go side by side', () => {
    const wide = sequential({ layers: [layers.gru({ units: 3, inputShape: [null, 2] }), layers.dense({ units: 1 })] });
    const session = wide.stream({ batch: 2 });
    session.push({ data: new Float32Array([1, 2, 3, 4]), shape: [2, 1, 2] });
    const exogenous = { data: new Float32Array([0.1, 0.2, 0.3, 0.4]), shape: [2, 2, 1] };
    const { data, shape } = session.forecast(3, {
      feedback: (y, step, sequence) => [y[0] * 2 + step + sequence],
      exogenous,
    });
    expect(shape).toEqual([2, 3, 1]);
    const fork = session.fork();
    for (let step = 0; step < 2; step++) {
      const next = [0, 1].flatMap((i) => [data[3 * i + step] * 2 + step + i, exogenous.data[2 * i + step]]);
      const { data: y } = fork.push({ data: new Float32Array(next), shape: [2, 1, 2] });
      expect(y).toEqual(new Float32Array([data[step + 1], data[3 + step + 1]]));
    }
  });

  test('says what it lacks', () => {
    const session = model.stream();
    expect(() => session.forecast(2)).toThrow('push at least one step');
    session.push(x);
    expect(() => session.forecast(0)).toThrow('forecast: expected a positive integer');
    for (const odd of [['abc'], [undefined], [{}], undefined, 'ab']) {
      expect(() => session.forecast(2, { feedback: () => odd as never })).toThrow('feedback: expected numbers, got');
    }
    expect(() => session.forecast(2, { feedback: () => [1] })).toThrow(
      'feedback: expected the 2 value(s) of a step, got 1',
    );
    expect(() => session.forecast(4, { exogenous: [[1], [2]] })).toThrow('exogenous: expected 3 steps or more');
    expect(() => models.rates.stream().forecast(1)).toThrow('a row of output for each step');
  });
});

describe('rest', () => {
  test.each(['convolutions', 'rates'] as const)('%s: as if a step had been pushed for ever', (name) => {
    const model =
      name === 'convolutions'
        ? models.convolutions
        : sequential({
            layers: [
              layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, inputShape: [null, features] }),
              layers.averagePooling1d({ poolSize: 2 }),
            ],
          });
    const step = [0.5, -1, 2];
    const long = model.stream();
    long.push(Float32Array.from({ length: 400 * features }, (_, i) => step[i % features]));
    const rested = model.stream({ rest: step });
    expect(rested.push(rows(0, 0, 50)).data).toEqual(long.push(rows(0, 0, 50)).data);
    rested.reset();
    const fork = rested.fork();
    expect(model.stream({ rest: step }).save()).toEqual(fork.save());
  });

  test('weights that change make another rest', () => {
    const model = sequential({
      layers: [layers.conv1d({ filters: 2, kernelSize: 3, padding: 'causal', inputShape: [null, 1] })],
    });
    const deep = sequential({ layers: [model, layers.conv1d({ filters: 2, kernelSize: 3, padding: 'causal' })] });
    const before = deep.stream({ rest: [1] }).save();
    deep.setWeights(deep.getWeights().map(({ data, shape }) => ({ data: data.map((value) => value + 1), shape })));
    expect(deep.stream({ rest: [1] }).save()).not.toEqual(before);
  });

  test('what never forgets is named', () => {
    expect(() => models.recurrent.stream({ rest: [1, 2, 3] })).toThrow('lstm.h remembers all that was ever pushed');
    expect(() => models.pooled.stream({ rest: [1, 2, 3] })).toThrow('remembers all');
    expect(() => models.convolutions.stream({ rest: [1, 2] })).toThrow(
      'rest: expected the 3 value(s) of a step, got 2',
    );
    const state = models.convolutions.stream().save();
    expect(() => models.convolutions.stream({ rest: [1, 2, 3], state })).toThrow('expected state or rest, got both');
  });
});

test('a session closes itself at the end of a using block', () => {
  const session = models.recurrent.stream();
  session[Symbol.dispose]();
  expect(() => session.push(rows(0, 0, 1))).toThrow('this session is closed');
  expect(() => session.fork()).toThrow('this session is closed');
  expect(() => session.save()).toThrow('this session is closed');
});
