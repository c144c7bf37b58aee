import {
  SymbolicTensor,
  toLayer,
  Layer,
  type LayerDefinition,
  type LayerLike,
  type LayerOptions,
} from '../graph/layer.js';
import { optional, refuse, text, type Reader } from '../options/options.js';
import { noMask, noStates } from './expectations.js';
import { makeLayer } from './make-layer.js';

/** The layers that a custom layer is made of, by names of its own. */
export type Parts = Readonly<Record<string, Layer | LayerLike>>;

type PartsAsLayers<P extends Parts> = { readonly [K in keyof P]: P[K] extends LayerLike ? Layer : P[K] };

export interface CustomOptions<P extends Parts> extends LayerOptions {
  /** Layers with weights, each used nowhere else; their weights go by these names. Others may be made in `call`. */
  layers?: P;
  /** What the layer does, in terms of layers: it is called once for each time that the layer is applied. */
  call: (
    inputs: readonly [SymbolicTensor, ...SymbolicTensor[]],
    layers: PartsAsLayers<P>,
  ) => SymbolicTensor | readonly SymbolicTensor[];
}

interface CustomConfig {
  readonly layers: Readonly<Record<string, Layer>>;
  readonly call: (inputs: readonly SymbolicTensor[], layers: unknown) => unknown;
}

const definition: LayerDefinition<CustomConfig> = {
  className: 'Custom',
  inside: ({ layers }) => Object.values(layers),
  outputs: ({ layers, call }, given, name) => {
    noStates(name, given);
    noMask(name, given);
    const result = call(given.inputs, layers);
    const outputs: unknown[] = Array.isArray(result) ? result : [result];
    return outputs.map((output) =>
      output instanceof SymbolicTensor ? output : refuse(`${name}: call`, 'symbolic tensors', output),
    );
  },
};

const parts: Reader<Readonly<Record<string, Layer>>> = (value, where) => {
  if (typeof value !== 'object' || value === null) return refuse(where, 'layers by name', value);
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      text(name, `${where}: a name`),
      toLayer(part) ?? refuse(`${where}: ${name}`, 'a layer', part),
    ]),
  );
};

const call: Reader<CustomConfig['call']> = (value, where) =>
  typeof value === 'function' ? (value as CustomConfig['call']) : refuse(where, 'a function', value);

/**
 * A layer of one's own: a small graph of layers that counts as one. It trains, streams and is saved as what it is made of.
 * @example
 * const residual = (units: number) =>
 *   layers.custom({
 *     layers: { inner: layers.dense({ units, activation: 'tanh' }) },
 *     call: ([x], { inner }) => layers.add().apply([x, inner.apply(x) as typeof x]),
 *   });
 * @throws TypeError when `call` gives anything but symbolic tensors; Error when a layer is in use already.
 */
export function custom<P extends Parts>(options: CustomOptions<P>): Layer<object, SymbolicTensor> {
  const made = makeLayer(definition, { layers: optional(parts, {}), call }, options);
  const { layers } = made.config;
  Layer.attempt(Object.values(layers), () => {
    for (const [name, part] of Object.entries(layers)) part.joinComposite(made, name);
  });
  return made;
}
