import type { Layer } from '../graph/layer.js';
import type { custom as makeCustom } from '../layers/custom.js';
import { fields, listOf, refuse, text } from '../options/options.js';
import { buildGraph, graphFields, makeLayer, type Maker, type Reading } from './load-graph.js';

/** Of layers of somebody's own: what the `call` of one made of its parts is made again at each call. */
export function makerOfCustom(custom: typeof makeCustom): Maker {
  return ({ parts: names, graph, ...options }: Record<string, unknown>, reading: Reading): Layer => {
    const title = text(options.name ?? 'custom', 'custom: name');
    const read = fields(graph, title, graphFields(reading));
    const parts = new Map(
      listOf(text)(names, `${title}: parts`).map((name) => {
        const found = read.layers.find((layer) => layer.name === name);
        return [name, makeLayer(found ?? refuse(`${title}: parts`, 'layers of its graph', name), reading) as Layer];
      }),
    );
    const layers = Object.fromEntries(parts);
    return custom({
      ...options,
      layers,
      // What a call makes is nobody else's.
      call: (given) => buildGraph(title, read, { ...reading, made: [...reading.made] }, { given, parts }).outputs,
    });
  };
}
