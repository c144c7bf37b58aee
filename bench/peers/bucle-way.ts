import type { Contender, Peer } from '../contender.js';
import type { Work } from '../works.js';

/**
 * One of bucle's own ways of doing a kind of work, where it is itself that it is measured beside.
 * @example
 * way('fit, batches of 64', 'epoch', (work) => epochContender(work, {}, { batchSize: 64 })); // in a group of groups.ts
 */
export function way<Kind extends Work['kind']>(
  name: string,
  kind: Kind,
  contend: (work: Extract<Work, { kind: Kind }>) => Contender,
): Peer {
  const isOf = (work: Work): work is Extract<Work, { kind: Kind }> => work.kind === kind;
  return {
    name,
    threads: 1,
    versions: {},
    contend: (work) => Promise.resolve(isOf(work) ? contend(work) : undefined),
  };
}
