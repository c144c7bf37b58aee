/** Watches a series that never ends: one value in, whether it was to be expected out. */
import type { Session } from 'bucle';
import type { Model } from './model.js';
import { RunningSpread, type Calibration } from './spread.js';

/** All that a later process needs in order to go on, as JSON. */
export interface Checkpoint extends Calibration {
  /** What the model expects of the next day. */
  readonly expected: number;
  /** The bytes of `session.save()`, in base64. */
  readonly session: string;
}

export interface Observation {
  readonly expected: number;
  /** The error of what was expected, in spreads. */
  readonly score: number;
  readonly alarm: boolean;
}

export class Detector {
  readonly #session: Session;
  readonly #spread: RunningSpread;
  readonly #threshold: number;
  readonly #input = new Float32Array(1);
  /** Of the next day. */
  readonly #expected: Float32Array;

  private constructor(session: Session, expected: number, { spread, threshold }: Calibration) {
    this.#session = session;
    this.#expected = Float32Array.of(expected);
    this.#spread = new RunningSpread(spread);
    this.#threshold = threshold;
  }

  /** Begins after days that are known already. */
  static after(model: Model, births: Float32Array, calibration: Calibration): Detector {
    const session = model.stream();
    const expected = session.push(births).data.at(-1) ?? NaN;
    return new Detector(session, expected, calibration);
  }

  /** @throws TypeError when the state is of another model, or damaged. */
  static resume(model: Model, checkpoint: Checkpoint): Detector {
    const session = model.stream({ state: Buffer.from(checkpoint.session, 'base64') });
    return new Detector(session, checkpoint.expected, checkpoint);
  }

  observe(births: number): Observation {
    const expected = this.#expected[0];
    const score = this.#spread.score(births - expected);
    this.#input[0] = births;
    this.#session.push(this.#input, this.#expected);
    return { expected, score, alarm: score >= this.#threshold };
  }

  save(): Checkpoint {
    return {
      expected: this.#expected[0],
      spread: this.#spread.value,
      threshold: this.#threshold,
      session: Buffer.from(this.#session.save()).toString('base64'),
    };
  }

  close(): void {
    this.#session.close();
  }
}
