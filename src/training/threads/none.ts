import type { Port } from './port.js';

/** Where `bucle` alone has no script to start a thread with. Stands for `#threads` in browsers and on the edge. */
export function spawn(): Port {
  throw new Error('workers: here threads come with bucle/worker: call its fit(model, x, y, options)');
}
