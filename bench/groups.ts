// What `npm run bench` runs: works, and who does them.
import { checkpoints, forecastEpoch, threads } from './fit-works.js';
import { conv1D, waveNet, waveNetStep } from './convolution-works.js';
import type { Peer } from './contender.js';
import { recurrentWorks } from './lstm-works.js';
import { bucle, bucleRelaxed } from './peers/bucle.js';
import { checkpointWays, threadsWays } from './peers/bucle-fit.js';
import { pushWays } from './peers/bucle-push.js';
import { sessionsWays } from './peers/bucle-sessions.js';
import { onnxruntimeWeb } from './peers/onnxruntime-web.js';
import { tfjsCore } from './peers/tfjs-core.js';
import { tfjs } from './peers/tfjs.js';
import { hasRelaxedSimd } from './runtime.js';
import { pushes, sessions } from './stream-works.js';
import type { Work } from './works.js';

export interface Group {
  readonly name: 'libraries' | 'checkpoints' | 'threads' | 'sessions' | 'pushes';
  readonly works: readonly Work[];
  /** The first one's results are what the others are compared with. */
  readonly peers: readonly Peer[];
}

export const groups: readonly Group[] = [
  {
    name: 'libraries',
    works: [...recurrentWorks, forecastEpoch, conv1D, waveNet, waveNetStep],
    peers: [bucle, ...(hasRelaxedSimd() ? [bucleRelaxed] : []), onnxruntimeWeb, tfjs('wasm'), tfjsCore, tfjs('cpu')],
  },
  // In these bucle is beside itself: works of a kind of their own, done in several ways (peers/bucle-way.ts).
  { name: 'checkpoints', works: [checkpoints], peers: checkpointWays },
  { name: 'threads', works: [threads], peers: threadsWays },
  { name: 'sessions', works: [sessions], peers: sessionsWays },
  { name: 'pushes', works: pushes, peers: pushWays },
];
