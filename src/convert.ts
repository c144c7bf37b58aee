/** Readers of other frameworks' files. Each gives plain data that `loadModel` of 'bucle' or 'bucle/inference' builds. */
export { readTfjs } from './formats/tfjs.js';
export type { ModelFile, NamedWeight, Topology } from './formats/topology.js';
