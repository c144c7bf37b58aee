/** What compile promises: which outputs are trained, from which inputs; what was compiled before stays until all is well. */
import { describe, expect, test, vi } from 'vitest';
import { functional, input, layers, type TrainableModel } from '../../src/index.js';
import { Layer, type LayerDefinition, type SymbolicTensor } from '../../src/graph/layer.js';
import { ones, zeros } from '../numbers.js';

const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

describe('a compile that fails', () => {
  /** A layer that has no backward steps. */
  const forwardOnly: LayerDefinition<null> = {
    className: 'ForwardOnly',
    baseName: 'forward_only',
    outputs: (_config, { inputs: [{ shape, time }] }) => [{ shape, time, dtype: 'float32', mask: null }],
    forward: (context) => context.emit('zero', context.result(), context.result().bytes),
  };
  const create = () => {
    const x = input({ shape: [3] });
    const hidden = layers.dense({ units: 4 }).apply(x);
    const odd = new Layer<null, SymbolicTensor>(forwardOnly, null).apply(hidden);
    const model = functional({ inputs: x, outputs: [layers.dense({ units: 1 }).apply(hidden), odd] });
    model.compile({ optimizer: 'adam', loss: ['mse', null] });
    model.trainOnBatch(ones(2, 3), zeros(2, 1));
    return model;
  };

  test('leaves the optimizer that runs as it is, with what it remembers', () => {
    const [model, quiet] = [create(), create()];
    const compile = () => model.compile({ optimizer: 'adam', loss: ['mse', 'mse'] });
    for (let attempt = 0; attempt < 2; attempt++) expect(compile).toThrow('no backward steps are known');
    // Memory that was given back would be zeros now.
    for (let block = 0; block < 20; block++) model.workspace.allocate(64);
    for (const one of [model, quiet]) one.trainOnBatch(ones(2, 3), zeros(2, 1));
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });

  test('for want of memory likewise', () => {
    const [model, quiet] = [create(), create()];
    const allocate = vi.spyOn(model.workspace, 'allocate').mockImplementation(() => {
      throw new RangeError('out of memory');
    });
    expect(() => model.compile({ optimizer: 'adam', loss: ['mse', null] })).toThrow('out of memory');
    allocate.mockRestore();
    for (const one of [model, quiet]) one.trainOnBatch(ones(2, 3), zeros(2, 1));
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });
});
