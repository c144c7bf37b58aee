import type { relaxed } from 'bucle/relaxed';

/** What a model's `kernels` option takes; left out, the build is the deterministic one. */
export interface Build {
  readonly kernels?: typeof relaxed;
}
