// A worker that answers every request with the outcome, computed for it: modules must not be compiled by then.
import { compute } from '../spec.ts';

export default {
  fetch: () => Response.json(compute()),
};
