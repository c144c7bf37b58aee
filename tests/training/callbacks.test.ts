/** Callbacks as `fit` plays them: what they watch, note, set, save, and take back after a resume. */
import { describe, expect, test } from 'vitest';
import { callbacks, layers, optimizers, sequential } from '../../src/index.js';
import type { Callback, CallbackState } from '../../src/training/callbacks/callback.js';
import { startCallbacks } from '../../src/training/callbacks/callbacks.js';
import type { Logs } from '../../src/training/history.js';
import { memoryFiles, play } from './running-training.js';

const validated = (values: readonly number[]): Logs[] => values.map((valLoss) => ({ loss: 1, valLoss }));

describe('earlyStopping', () => {
  const falling = validated([5, 4, 3, 4, 5]);

  test('patience 5: never stopped, and still the weights are those of epoch 3', async () => {
    const all = [callbacks.earlyStopping({ patience: 5, restoreBestWeights: true })];
    const { epochs, weight, notes } = await play({ callbacks: all, logs: falling });
    expect([epochs, weight]).toEqual([5, 3]);
    expect(notes).toEqual(['earlyStopping: the weights are those of epoch 3, with valLoss 3']);
  });

  test('patience 1: stopped after epoch 4, with the weights of epoch 3', async () => {
    const all = [callbacks.earlyStopping({ patience: 1, restoreBestWeights: true })];
    const { epochs, weight, notes } = await play({ callbacks: all, logs: falling });
    expect([epochs, weight]).toEqual([4, 3]);
    expect(notes[0]).toBe('earlyStopping: stopped after epoch 4: valLoss got no better for 1 epoch(s)');
  });

  test('without restoreBestWeights the weights are the last', async () => {
    const { epochs, weight } = await play({ callbacks: [callbacks.earlyStopping({ patience: 1 })], logs: falling });
    expect([epochs, weight]).toEqual([4, 4]);
  });

  test('a baseline that is never reached: stopped, weights unchanged, a note', async () => {
    const all = [callbacks.earlyStopping({ patience: 3, baseline: 1, restoreBestWeights: true })];
    const { epochs, weight, notes } = await play({ callbacks: all, logs: falling });
    expect([epochs, weight]).toEqual([3, 3]);
    expect(notes).toEqual([
      'earlyStopping: stopped after epoch 3: valLoss got no better for 3 epoch(s)',
      'earlyStopping: valLoss was never better than the baseline 1: the weights stay as they are',
    ]);
    const never = [callbacks.earlyStopping({ patience: 9, baseline: 1, restoreBestWeights: true })];
    expect(await play({ callbacks: never, logs: falling })).toMatchObject({ epochs: 5, weight: 5 });
  });

  test('a baseline that is reached counts from then on', async () => {
    const all = [callbacks.earlyStopping({ patience: 3, baseline: 3.5, restoreBestWeights: true })];
    expect(await play({ callbacks: all, logs: validated([5, 4, 3, 4, 5, 4, 1]) })).toMatchObject({
      epochs: 6,
      weight: 3,
    });
  });

  test('minDelta, startFromEpoch and mode', async () => {
    const run = async (options: Parameters<typeof callbacks.earlyStopping>[0], values: number[]) =>
      (await play({ callbacks: [callbacks.earlyStopping(options)], logs: validated(values) })).epochs;
    expect(await run({ patience: 1, minDelta: 0.5 }, [5, 4.6, 3, 2])).toBe(2);
    expect(await run({ patience: 1, startFromEpoch: 3 }, [5, 6, 7, 8, 9, 9])).toBe(5);
    expect(await run({ patience: 1, mode: 'max' }, [5, 6, 7, 6, 9])).toBe(4);
    // Patience 0: the second epoch that brings nothing; the first has nothing to be compared with.
    expect(await run({ baseline: 1 }, [5, 4, 3])).toBe(2);
    expect(await run({}, [5, NaN, 3])).toBe(2);
  });

  test('auto knows accuracies from errors, by the names of Keras too', async () => {
    const logs = [0.5, 0.6, 0.6].map((valAccuracy) => ({ loss: 1, valAccuracy }));
    const early = callbacks.earlyStopping({ monitor: 'val_accuracy', patience: 1 });
    expect((await play({ callbacks: [early], logs })).epochs).toBe(3);
  });

  test('auto goes by what was compiled, whatever the name; where that says nothing by the name, and else it is refused', async () => {
    const rising = [1, 2, 3, 4].map((value) => ({ loss: 1, precisionLoss: value, profit: value }));
    const stopping = (monitor: string) => ({
      callbacks: [callbacks.earlyStopping({ monitor, patience: 1 })],
      logs: rising,
    });
    const modeOf = (name: string) => (name === 'precisionLoss' ? 'max' : undefined);
    expect((await play({ ...stopping('precisionLoss'), modeOf })).epochs).toBe(4);
    expect((await play(stopping('precisionLoss'))).epochs).toBe(2);
    await expect(play({ ...stopping('profit'), modeOf })).rejects.toThrow(
      "earlyStopping: mode: expected 'min' or 'max' for 'profit', of which neither is known, got 'auto'",
    );
  });

  test('epochs without validation are not counted', async () => {
    const logs = [5, NaN, 6].map((valLoss): Logs => (Number.isNaN(valLoss) ? { loss: 1 } : { loss: 1, valLoss }));
    const options = { callbacks: [callbacks.earlyStopping({ patience: 1 })], logs: [...logs, ...logs] };
    expect((await play(options)).epochs).toBe(3);
  });

  test('what is not in the logs is refused before anything is trained', async () => {
    const played = play({ callbacks: [callbacks.earlyStopping()], logs: [{ loss: 1, mae: 1 }] });
    await expect(played).rejects.toThrow(
      "fit: callbacks[0] earlyStopping: monitor: expected one of 'loss', 'mae', got 'valLoss' (there is no validation",
    );
  });

  test('resumed after any epoch, it ends as if it had never stopped', async () => {
    const logs = validated([5, 4, 3, 4, 3.5, 5, 2, 1]);
    const all = [
      callbacks.earlyStopping({ patience: 3, restoreBestWeights: true }),
      callbacks.modelCheckpoint({ path: 'c.safetensors' }),
    ];
    const whole = await play({ callbacks: all, logs });
    expect([whole.epochs, whole.weight]).toEqual([6, 3]);
    for (const [i, { states }] of whole.saved.slice(0, -1).entries()) {
      const resumed = await play({ callbacks: all, logs, from: i + 1, states });
      expect([resumed.epochs, resumed.weight, resumed.notes]).toEqual([6, 3, whole.notes]);
    }
  });
});

describe('reduceLROnPlateau', () => {
  const rates = async (options: Parameters<typeof callbacks.reduceLROnPlateau>[0], values: number[]) =>
    (await play({ callbacks: [callbacks.reduceLROnPlateau(options)], logs: validated(values), learningRate: 1 }))
      .learningRates;

  test('patience, factor and the least learning rate', async () => {
    expect(await rates({ patience: 1, factor: 0.5 }, [3, 3, 3, 3])).toEqual([1, 1, 0.5, 0.25]);
    expect(await rates({ patience: 2, factor: 0.5 }, [3, 3, 3, 3, 3])).toEqual([1, 1, 1, 0.5, 0.5]);
    expect(await rates({ patience: 1, factor: 0.5, minLearningRate: 0.4 }, [3, 3, 3, 3])).toEqual([1, 1, 0.5, 0.4]);
    expect(await rates({ patience: 1 }, [3, 3 - 0.9e-4, 2, 2])).toEqual([1, 1, 0.1, 0.1]);
  });

  test('where float32 would hold it as 0 it falls no more, and training goes on', async () => {
    const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-43 }), loss: 'mse' });
    for (const minLearningRate of [0, 1e-60]) {
      const plateau = callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 9, minLearningRate });
      const { epoch } = await model.fit([[1]], [[1]], { epochs: 9, verbose: 0, callbacks: [plateau] });
      expect(epoch).toHaveLength(9);
      expect(model.learningRate).toBeCloseTo(1e-45, 50);
    }
  });

  test('a cooldown is not counted', async () => {
    expect(await rates({ patience: 1, factor: 0.5, cooldown: 2 }, [3, 3, 3, 3, 3, 3])).toEqual([
      1, 1, 0.5, 0.5, 0.25, 0.25,
    ]);
  });

  test('where a schedule decides the learning rate, it is refused at once', async () => {
    const all = [callbacks.reduceLROnPlateau()];
    await expect(play({ callbacks: all, logs: validated([1]), isScheduled: true })).rejects.toThrow(
      'a schedule decides',
    );
  });

  test('its state goes on', async () => {
    const all = [callbacks.reduceLROnPlateau({ patience: 2, factor: 0.5 }), callbacks.modelCheckpoint({ path: 'c' })];
    const logs = validated([3, 3, 3, 3, 3, 3]);
    const whole = await play({ callbacks: all, logs, learningRate: 1 });
    const resumed = await play({ callbacks: all, logs, learningRate: 1, from: 2, states: whole.saved[1].states });
    expect(whole.learningRates).toEqual([1, 1, 1, 0.5, 0.5, 0.25]);
    expect(resumed.learningRates).toEqual(whole.learningRates.slice(2));
  });
});

describe('learningRateScheduler', () => {
  test('a function of the epoch and the last learning rate', async () => {
    const all = [callbacks.learningRateScheduler({ schedule: (epoch, rate) => (epoch < 2 ? rate : rate / 2) })];
    const { learningRates } = await play({ callbacks: all, logs: validated([1, 1, 1, 1]), learningRate: 1 });
    expect(learningRates).toEqual([1, 1, 0.5, 0.25]);
  });

  test('what is no learning rate is refused', async () => {
    const all = [callbacks.learningRateScheduler({ schedule: () => NaN })];
    await expect(play({ callbacks: all, logs: validated([1]) })).rejects.toThrow(
      'fit: callbacks[0] learningRateScheduler: schedule(0, 0.1): expected a positive number, got NaN',
    );
    const tiny = [callbacks.learningRateScheduler({ schedule: () => 1e-60 })];
    await expect(play({ callbacks: tiny, logs: validated([1]) })).rejects.toThrow(
      'learningRateScheduler: schedule(0, 0.1): expected a positive number that float32 can hold, got 1e-60',
    );
  });
});

describe('csvLogger', () => {
  const logs: Logs[] = [{ loss: 0.1 + 0.2, valLoss: 2 }, { loss: 1e-7 }, { loss: 3, valLoss: 4 }];
  const whole = 'epoch,loss,valLoss\n0,0.30000000000000004,2\n1,1e-7,NA\n2,3,4\n';

  test('a row for each epoch, with all digits; NA where there is no validation', async () => {
    const files = memoryFiles({ 'log.csv': 'old' });
    await play({ callbacks: [callbacks.csvLogger({ path: 'log.csv' })], logs, files });
    expect(files.contents).toEqual({ 'log.csv': whole });
  });

  test('another separator, and going on behind older rows', async () => {
    const files = memoryFiles({ a: 'epoch;loss;valLoss\n0;1;1\n' });
    await play({ callbacks: [callbacks.csvLogger({ path: 'a', separator: ';', append: true })], logs, files });
    expect(files.contents.a).toBe(
      `epoch;loss;valLoss\n0;1;1\n${whole.split('\n').slice(1).join('\n').replaceAll(',', ';')}`,
    );
    const other = play({ callbacks: [callbacks.csvLogger({ path: 'a', append: true })], logs, files });
    await expect(other).rejects.toThrow(
      "csvLogger: a: expected the columns epoch,loss,valLoss, got 'epoch;loss;valLoss'",
    );
  });

  test('quotes what has a separator, a quote or a line break in it, as Python’s csv writer', async () => {
    const names = { loss: 0.5, 'a,b': 1, 'say "c"': 2, 'd\ne': 3 };
    const files = memoryFiles();
    const all = (separator: string) => [callbacks.csvLogger({ path: separator, separator, append: true })];
    for (const separator of [',', '.']) {
      for (let run = 0; run < 2; run++) await play({ callbacks: all(separator), logs: [names], files });
    }
    expect(files.contents).toEqual({
      ',': 'epoch,loss,"a,b","say ""c""","d\ne"\n0,0.5,1,2,3\n0,0.5,1,2,3\n',
      '.': 'epoch.loss.a,b."say ""c"""."d\ne"\n0."0.5".1.2.3\n0."0.5".1.2.3\n',
    });
  });

  test('resumed from a checkpoint, the file holds each epoch once, whatever was written after it', async () => {
    const all = [callbacks.csvLogger({ path: 'log.csv' }), callbacks.modelCheckpoint({ path: 'c' })];
    const { saved } = await play({ callbacks: all, logs, files: memoryFiles() });
    for (const after of ['', '1,1e-7,NA\n', '1,1e-7,NA\n2,3', '1,1e-7,NA\n2,3,4\n']) {
      const files = memoryFiles({ 'log.csv': `epoch,loss,valLoss\n0,0.30000000000000004,2\n${after}` });
      await play({ callbacks: all, logs, files, from: 1, states: saved[0].states });
      expect(files.contents['log.csv']).toBe(whole);
    }
  });
});

test('terminateOnNaN ends training where it would be rejected', async () => {
  const logs = validated([1, 1, 1]);
  await expect(play({ callbacks: [], logs, failingEpoch: 1 })).rejects.toThrow('the loss is NaN in epoch 2');
  const { epochs, notes } = await play({ callbacks: [callbacks.terminateOnNaN()], logs, failingEpoch: 1 });
  expect(epochs).toBe(1);
  expect(notes[0]).toMatch(/^terminateOnNaN: model: the loss is NaN in epoch 2/);
});

describe('modelCheckpoint', () => {
  const logs = validated([5, 4, 6, 3]);
  const paths = async (options: Parameters<typeof callbacks.modelCheckpoint>[0], batches = 1) =>
    (await play({ callbacks: [callbacks.modelCheckpoint(options)], logs, batches })).saved.map(({ path }) => path);

  test('a template of epoch, batch and logs', async () => {
    expect(await paths({ path: 'm-{epoch:02d}-{valLoss:.2f}' })).toEqual([
      'm-01-5.00',
      'm-02-4.00',
      'm-03-6.00',
      'm-04-3.00',
    ]);
    expect(await paths({ path: '{epoch}-{batch}', saveFreq: 3 }, 2)).toEqual(['2-1', '3-2']);
    expect(await paths({ path: 'm' })).toEqual(['m', 'm', 'm', 'm']);
  });

  test('the best only, and better than a threshold', async () => {
    expect(await paths({ path: '{epoch}', saveBestOnly: true })).toEqual(['1', '2', '4']);
    expect(await paths({ path: '{epoch}', saveBestOnly: true, initialValueThreshold: 4 })).toEqual(['4']);
    expect(await paths({ path: '{epoch}', saveBestOnly: true, mode: 'max' })).toEqual(['1', '3']);
  });

  test('whole checkpoints, or the model alone', async () => {
    const both = [callbacks.modelCheckpoint({ path: 'a' }), callbacks.modelCheckpoint({ path: 'b', optimizer: false })];
    const { saved } = await play({ callbacks: both, logs: logs.slice(0, 1) });
    expect(saved.map(({ path, optimizer }) => [path, optimizer])).toEqual([['a', true], ['b', false]]); // prettier-ignore
  });

  test('the best only after batches: what their logs do not have is refused before anything is trained', async () => {
    const saves = { path: 'm', saveFreq: 1, saveBestOnly: true };
    await expect(paths(saves)).rejects.toThrow(
      "modelCheckpoint: monitor: expected one of 'loss', got 'valLoss' (there is no validation after a batch)",
    );
    expect(await paths({ ...saves, monitor: 'loss' })).toEqual(['m']);
  });

  test('it saves when all callbacks have seen the epoch, also those behind it', async () => {
    const all = [
      callbacks.modelCheckpoint({ path: 'a', saveBestOnly: true }),
      callbacks.earlyStopping({ patience: 9 }),
    ];
    const { saved } = await play({ callbacks: all, logs });
    expect(saved.map(({ states }) => states.earlyStopping.numbers?.lastEpoch)).toEqual([0, 1, 3]);
    expect(saved.map(({ states }) => states.modelCheckpoint.numbers?.best)).toEqual([5, 4, 3]);
  });

  test('batches are counted on after a resume', async () => {
    const all = [
      callbacks.modelCheckpoint({ path: '{epoch}-{batch}', saveFreq: 3 }),
      callbacks.modelCheckpoint({ path: 'e' }),
    ];
    const { saved } = await play({ callbacks: all, logs, batches: 2 });
    const atEnd = saved.find(({ path }) => path === 'e')?.states ?? {};
    const resumed = await play({ callbacks: all, logs, batches: 2, from: 1, states: atEnd });
    expect(resumed.saved.map(({ path }) => path)).toEqual(['2-1', 'e', '3-2', 'e', 'e']);
  });

  test.each([
    ['{valMae}', 'epoch', '{epoch}, {loss}, {valLoss}, such as {epoch:03d} or {loss:.4f}, got {valMae}'],
    ['{valLoss}', 2, '{epoch}, {batch}, {loss}, such as {epoch:03d} or {loss:.4f}, got {valLoss}'],
    ['{batch}', 'epoch', '{epoch}, {loss}, {valLoss}, such as {epoch:03d} or {loss:.4f}, got {batch}'],
    ['{epoch:x}', 'epoch', '{epoch}, {loss}, {valLoss}, such as {epoch:03d} or {loss:.4f}, got {epoch:x}'],
    ['{epoch', 'epoch', '{epoch}, {loss}, {valLoss}, such as {epoch:03d} or {loss:.4f}, got {epoch'],
  ] as const)('a template with %s at %s is refused before anything is trained', async (path, saveFreq, message) => {
    const played = play({ callbacks: [callbacks.modelCheckpoint({ path, saveFreq })], logs });
    await expect(played).rejects.toThrow(`callbacks[0] modelCheckpoint: path: expected placeholders ${message}`);
  });
});

describe('backupAndRestore', () => {
  test('it has a checkpoint if there is a file, saves, and removes the file in the end', async () => {
    const files = memoryFiles({ backup: 'bytes' });
    const all = [callbacks.backupAndRestore({ path: 'backup' })];
    const found = await startCallbacks(all, 'fit').checkpoint(files);
    expect(new TextDecoder().decode(found ?? undefined)).toBe('bytes');
    expect(await startCallbacks([callbacks.backupAndRestore({ path: 'none' })], 'fit').checkpoint(files)).toBeNull();
    const { saved } = await play({ callbacks: all, logs: validated([1, 1]), files });
    expect(saved).toHaveLength(2);
    expect(files.contents).toEqual({});
  });

  test('every so many batches; the file stays if it is to', async () => {
    const files = memoryFiles({ backup: 'bytes' });
    const all = [callbacks.backupAndRestore({ path: 'backup', saveFreq: 3, deleteCheckpoint: false })];
    const { saved } = await play({ callbacks: all, logs: validated([1, 1]), batches: 4, files });
    expect(saved).toHaveLength(2);
    expect(files.contents).toEqual({ backup: 'bytes' });
  });
});

describe('callbacks of one’s own', () => {
  test('hooks come in order, callback by callback, and async ones are waited for', async () => {
    const heard: string[] = [];
    const slow: Callback = {
      onEpochEnd: async ({ epoch }) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        heard.push(`slow ${epoch}`);
      },
    };
    const quick: Callback = {
      onTrainBegin: () => void heard.push('begin'),
      onEpochBegin: ({ epoch }) => void heard.push(`epoch ${epoch}`),
      onBatchEnd: ({ batch, logs }) => void heard.push(`batch ${batch}: ${logs.loss}`),
      onEpochEnd: ({ logs }) => void heard.push(`quick ${logs.valLoss}`),
      onTrainEnd: () => void heard.push('end'),
    };
    await play({ callbacks: [slow, quick], logs: validated([7, 8]) });
    expect(heard).toEqual([
      'begin',
      ...['epoch 0', 'batch 0: 1', 'slow 0', 'quick 7'],
      ...['epoch 1', 'batch 0: 1', 'slow 1', 'quick 8'],
      'end',
    ]);
  });

  test('an instance of a class keeps its `this`, and its state through a resume', async () => {
    class Counter implements Callback {
      readonly name = 'counter';
      count = 0;
      onEpochEnd(): void {
        this.count++;
      }
      state(): CallbackState {
        return { numbers: { count: this.count } };
      }
      restore({ numbers }: CallbackState): void {
        this.count = numbers?.count ?? 0;
      }
    }
    const { list } = await play({ callbacks: [new Counter(), new Counter()], logs: validated([1, 1]) });
    expect(list.states()).toEqual({ counter: { numbers: { count: 2 } }, counter_1: { numbers: { count: 2 } } });
    const again = new Counter();
    await play({ callbacks: [again], logs: validated([1, 1, 1]), from: 2, states: list.states() });
    expect(again.count).toBe(3);
  });

  test('one of them can stop training, and says why', async () => {
    const stopping: Callback = { onEpochEnd: ({ epoch, training }) => epoch === 1 && training.stop('enough') };
    expect(await play({ callbacks: [stopping], logs: validated([1, 1, 1]) })).toMatchObject({
      epochs: 2,
      notes: ['enough'],
    });
  });

  test('nobody waits where no hook is async', () => {
    const losses: number[] = [];
    const pushing: Callback = { onTestBegin: ({ epoch }) => losses.push(epoch) };
    const list = startCallbacks([{ onTestBegin: () => undefined }, pushing], 'fit');
    expect(list.call('onTestBegin', { epoch: 7 } as never)).toBeUndefined();
    expect(losses).toEqual([7]);
    expect([list.hears('onTestBegin'), list.hears('onTestEnd')]).toEqual([true, false]);
  });
});

test('settings are data: they come through JSON, and serve several trainings', async () => {
  const settings = callbacks.earlyStopping({ patience: 1, restoreBestWeights: true });
  expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  for (let i = 0; i < 2; i++) {
    expect(await play({ callbacks: [settings], logs: validated([5, 4, 6, 6]) })).toMatchObject({
      epochs: 3,
      weight: 2,
    });
  }
});

test.each<[string, unknown, string]>([
  ['no array', { onEpochEnd: () => undefined }, 'fit: callbacks: expected an array of callbacks, got {}'],
  [
    'a name',
    ['earlyStopping'],
    "fit: callbacks[0]: expected an object of callbacks (such as callbacks.earlyStopping()), or one with hooks, got 'earlyStopping'",
  ],
  ['the maker of one', [callbacks.earlyStopping], 'or one with hooks, got a function'],
  ['an unknown kind', [{ kind: 'tensorBoard' }], "fit: callbacks[0]: kind: expected one of 'earlyStopping',"],
  ['no hook', [{}], 'fit: callbacks[0]: expected an object with a hook of onTrainBegin,'],
  ['a typing mistake', [{ onEpochEnds: () => undefined }], 'onBatchBegin, onBatchEnd, got onEpochEnds'],
  ['a hook that is no function', [{ onEpochEnd: 5 }], 'fit: callbacks[0]: onEpochEnd: expected a function, got 5'],
  [
    'both names of a hook',
    [{ onBatchEnd: () => 0, onTrainBatchEnd: () => 0 }],
    'expected onTrainBatchEnd or onBatchEnd, got both',
  ],
  [
    'a name that is none',
    [{ name: 5, onEpochEnd: () => 0 }],
    'fit: callbacks[0]: name: expected a non-empty string, got 5',
  ],
  [
    'patience',
    [callbacks.earlyStopping({ patience: -1 })],
    'fit: callbacks[0] earlyStopping: patience: expected a non-negative integer, got -1',
  ],
  [
    'mode',
    [callbacks.earlyStopping({ mode: 'least' as never })],
    "earlyStopping: mode: expected one of 'auto', 'min', 'max', got 'least'",
  ],
  ['minDelta', [callbacks.earlyStopping({ minDelta: -1 })], 'minDelta: expected a non-negative number, got -1'],
  ['baseline', [callbacks.earlyStopping({ baseline: NaN })], 'baseline: expected a finite number, got NaN'],
  ['an unknown option', [callbacks.earlyStopping({ verbose: 1 } as never)], 'earlyStopping: unknown option "verbose"'],
  [
    'factor',
    [callbacks.reduceLROnPlateau({ factor: 1 })],
    'reduceLROnPlateau: factor: expected a number in (0, 1), got 1',
  ],
  [
    'schedule',
    [callbacks.learningRateScheduler({} as never)],
    'schedule: expected a function (epoch, learningRate) => learningRate, got undefined',
  ],
  ['separator', [callbacks.csvLogger({ path: 'a', separator: ', ' })], "separator: expected one character, got ', '"],
  [
    'no path',
    [callbacks.modelCheckpoint({} as never)],
    'modelCheckpoint: path: expected a non-empty string, got undefined',
  ],
  ['saveFreq', [callbacks.modelCheckpoint({ path: 'a', saveFreq: 0 })], 'saveFreq: expected a positive integer, got 0'],
  [
    'saveFreq of batches',
    [callbacks.backupAndRestore({ path: 'a', saveFreq: 'batch' as never })],
    "saveFreq: expected one of 'epoch', got 'batch'",
  ],
  ['options of terminateOnNaN', [{ ...callbacks.terminateOnNaN(), x: 1 }], 'terminateOnNaN: unknown option "x"'],
])('refuses %s', (_, given, message) => {
  expect(() => startCallbacks(given, 'fit: callbacks')).toThrow(message);
});
