/** The four networks: one number in a step, one number out. */
import { layers, sequential } from 'bucle';
import { median, range } from 'd3-array';

export type Model = ReturnType<typeof sequential>;

export interface Recipe {
  readonly name: string;
  readonly build: (seed: number) => Model;
}

const first = { units: 20, returnSequences: true, inputShape: [null, 1] };

/** A recurrent layer gives 20 numbers a step; this makes one of them, with no bound on it. */
const oneNumberAStep = () => layers.timeDistributed({ layer: layers.dense({ units: 1 }) });

export const recipes: readonly Recipe[] = [
  {
    name: 'SimpleRNN',
    build: (seed) => sequential({ layers: [layers.simpleRNN(first), oneNumberAStep()], seed }),
  },
  {
    name: 'Deep SimpleRNN',
    build: (seed) =>
      sequential({
        layers: [
          layers.simpleRNN(first),
          layers.simpleRNN({ units: 20, returnSequences: true }),
          layers.simpleRNN({ units: 1, returnSequences: true }),
        ],
        seed,
      }),
  },
  {
    name: 'LSTM',
    build: (seed) => sequential({ layers: [layers.lstm(first), oneNumberAStep()], seed }),
  },
  {
    name: 'GRU',
    build: (seed) => sequential({ layers: [layers.gru(first), oneNumberAStep()], seed }),
  },
];

/**
 * Microseconds that one step of a stream takes: the median of rounds long enough for the clock. Rounds that come before
 * are thrown away, for WebAssembly that runs first runs unoptimised.
 */
export function streamedStepTime(model: Model): number {
  const warmUp = 20;
  const rounds = 51;
  const stepsARound = 500;
  const session = model.stream();
  const change = new Float32Array([0.5]);
  const forecast = new Float32Array(1);
  const times = range(warmUp + rounds).map(() => {
    const start = performance.now();
    for (let step = 0; step < stepsARound; step++) {
      session.push(change, forecast);
    }
    return ((performance.now() - start) * 1000) / stepsARound;
  });
  session.close();
  return median(times.slice(warmUp)) ?? NaN;
}
