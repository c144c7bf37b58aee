// Works of streaming: many sessions in one call, and what a push takes besides its kernels.

/** One step of each of many sessions a call, of one LSTM. */
export interface SessionsWork {
  readonly kind: 'sessions';
  readonly name: string;
  readonly sessions: number;
  readonly inputs: number;
  readonly units: number;
}

/** One step of a small network at batch 1 a call. */
export interface PushWork {
  readonly kind: 'push';
  readonly name: string;
  readonly inputs: number;
  readonly lstmUnits: number | null;
  readonly denseUnits: number | null;
}

export const sessions: SessionsWork = {
  kind: 'sessions',
  name: 'a step of 1,000 sessions, LSTM, 64 inputs, 64 units',
  sessions: 1_000,
  inputs: 64,
  units: 64,
};

export const pushes: readonly PushWork[] = [
  { kind: 'push', name: 'push, LSTM, 64 inputs, 64 units', inputs: 64, lstmUnits: 64, denseUnits: null },
  { kind: 'push', name: 'push, Dense, 1 input, 1 unit', inputs: 1, lstmUnits: null, denseUnits: 1 },
  { kind: 'push', name: 'push, LSTM 64 → Dense 1, 64 inputs', inputs: 64, lstmUnits: 64, denseUnits: 1 },
];
