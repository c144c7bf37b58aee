import { deterministicInference } from '../kernels/inference-build.js';
import type { custom } from '../layers/custom.js';
import { Model } from '../model/model.js';
import { refuse } from '../options/options.js';
import { makerOfCustom } from './load-custom.js';
import { structure, type Maker, type Makers } from './load-graph.js';
import { assembleFile, readModelFile, type FileLike, type LoadOptions } from './load-model.js';

/**
 * A `loadModel` that knows these layers alone, so that a bundle holds no others.
 * @param layers functions of `bucle/layers`, by their names
 * @example
 * import { dense, lstm } from 'bucle/layers';
 * const loadModel = modelLoader({ dense, lstm });
 * const model = loadModel(bytes);
 * @throws TypeError for what is no function; the function that it gives, for a file with other layers: it names them.
 */
export function modelLoader(
  layers: Readonly<Record<string, unknown>>,
): (given: FileLike, options?: LoadOptions) => Model {
  const makers: Makers = { ...structure, ...Object.fromEntries(Object.entries(layers).map(makerOf)) };
  const making = { kernels: deterministicInference, seed: 0 };
  return (given, options = {}) => new Model(assembleFile(readModelFile(given).file, making, options, makers));
}

function makerOf([name, make]: [string, unknown]): [string, Maker] {
  if (typeof make !== 'function') refuse(`modelLoader: ${name}`, 'a function of bucle/layers', make);
  return [name, name === 'custom' ? makerOfCustom(make as typeof custom) : (make as Maker)];
}
