// Works of silence: what a stream of sound takes once the sound is over. Numbers that decay pass through the subnormal ones,
// with which a processor may take many times as long.
import { layers, type Session, sequential } from 'bucle';
import { waveNetStream } from './peers/bucle-wavenet-stream.js';
import { uniformArray } from './random.js';

export interface SilenceWork {
  readonly name: string;
  /** What comes after the noise. */
  readonly value: number;
  readonly sampleRate: number;
  readonly noiseSeconds: number;
  readonly silentSeconds: number;
  /** Samples in a push. */
  readonly blockSteps: number;
  readonly outputs: number;
  /** A session at its start. */
  readonly open: () => Session;
}

const common = { sampleRate: 16_000, noiseSeconds: 1, silentSeconds: 60, blockSteps: 128 };

const values = [
  { name: '60 s of silence', value: 0 },
  // Below what float32 holds in full: 2⁻¹²⁶, or 1.2e-38.
  { name: '60 s of 1e-40', value: 1e-40 },
];

const channels = 32;
const dilations = Array.from({ length: 10 }, (_, layer) => 2 ** layer);

export const silenceWorks: readonly SilenceWork[] = values.flatMap(({ name, value }) => [
  { ...common, name: `${name} after noise, LSTM, 1 input, 64 units`, value, outputs: 64, open: lstm(64) },
  { ...common, name: `${name} after noise, WaveNet, 1 … 512, 32 channels`, value, outputs: channels, open: waveNet() },
]);

/**
 * An LSTM that forgets all: nothing that was goes into a candidate, and the forget gates' biases, between 0 and 9, let the cells
 * decay to 2⁻¹²⁶ in 8 ms, the slowest in 45 s, one after the other.
 */
function lstm(units: number): () => Session {
  const model = sequential({ layers: [layers.lstm({ units, returnSequences: true, inputShape: [null, 1] })] });
  const recurrentKernel = uniformArray(units * 4 * units, 2, 1 / Math.sqrt(units));
  const bias = new Float32Array(4 * units);
  for (let unit = 0; unit < units; unit += 1) {
    recurrentKernel.fill(0, (4 * unit + 2) * units, (4 * unit + 3) * units);
    bias[units + unit] = (9 * unit) / (units - 1);
  }
  model.setWeights([
    { data: uniformArray(4 * units, 1), shape: [1, 4 * units] },
    { data: recurrentKernel, shape: [units, 4 * units] },
    { data: bias, shape: [4 * units] },
  ]);
  return () => model.stream();
}

/** Without biases: in silence everything becomes 0. */
function waveNet(): () => Session {
  const model = waveNetStream({ channels, dilations, outputs: channels }, {});
  return () => model.stream();
}
