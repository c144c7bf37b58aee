/** Poolings, and the layers that pad, crop and repeat. */
import { averagePooling1d } from '../average-pooling1d.js';
import { cropping1d, type Cropping1dConfig } from '../cropping1d.js';
import { globalAveragePooling1d } from '../global-average-pooling1d.js';
import { globalMaxPooling1d, type GlobalPooling1dConfig } from '../global-max-pooling1d.js';
import { maxPooling1d, type Pooling1dConfig } from '../max-pooling1d.js';
import type { Mask } from '../tensor.js';
import { upSampling1d, type UpSampling1dConfig } from '../up-sampling1d.js';
import { zeroPadding1d, type ZeroPadding1dConfig } from '../zero-padding1d.js';
import { caseOf, drawing, steps, type Case, type Draft } from './case.js';

export type PoolingCase =
  | Case<'maxPooling1d', Pooling1dConfig>
  | Case<'averagePooling1d', Pooling1dConfig>
  | Case<'globalMaxPooling1d', GlobalPooling1dConfig>
  | (Case<'globalAveragePooling1d', GlobalPooling1dConfig> & { readonly mask?: Mask | undefined })
  | Case<'zeroPadding1d', ZeroPadding1dConfig>
  | Case<'cropping1d', Cropping1dConfig>
  | Case<'upSampling1d', UpSampling1dConfig>;

const windowOptions: readonly Pooling1dConfig[] = (['valid', 'same', 'causal'] as const).flatMap((padding) => [
  { padding },
  { poolSize: 3, padding },
  { poolSize: 3, strides: 1, padding },
  { poolSize: 4, strides: 1, padding },
  { poolSize: 3, strides: 2, padding },
  { poolSize: 2, strides: 3, padding },
  { poolSize: 1, strides: 1, padding },
]);

const pool = (layer: 'maxPooling1d' | 'averagePooling1d', config: Pooling1dConfig, shape: readonly number[]) =>
  caseOf(layer, layer === 'maxPooling1d' ? maxPooling1d : averagePooling1d, config, shape);

const poolings: readonly Draft<PoolingCase>[] = (['maxPooling1d', 'averagePooling1d'] as const).flatMap((layer) => [
  pool(layer, {}, [2, 9, 3]),
  ...[8, 9].flatMap((time) => windowOptions.map((config) => pool(layer, config, [2, time, 3]))),
  ...(['valid', 'same', 'causal'] as const).map((padding) => pool(layer, { poolSize: 4, padding }, [2, 3, 3])),
  pool(layer, { padding: 'same' }, [2, 0, 3]),
]);

const mask: Mask = [steps('111000'), steps('010101'), steps('000000')];

function masked(config: GlobalPooling1dConfig): Draft<PoolingCase> {
  return (seed) => ({
    layer: 'globalAveragePooling1d',
    config,
    weights: [],
    inputs: [drawing(seed)([3, 6, 2])],
    mask,
    note: 'mask',
    seed,
    forward: (_, [x]) => globalAveragePooling1d(config, [], [x], mask),
  });
}

export const poolingCases: readonly Draft<PoolingCase>[] = [
  ...poolings,
  ...[{}, { keepdims: true }].flatMap((config) => [
    caseOf('globalMaxPooling1d', globalMaxPooling1d, config, [3, 6, 2]),
    caseOf('globalAveragePooling1d', globalAveragePooling1d, config, [3, 6, 2]),
    masked(config),
  ]),
  ...([{}, { padding: 3 }, { padding: [2, 0] }] as const).map((config) =>
    caseOf('zeroPadding1d', zeroPadding1d, config, [2, 4, 3]),
  ),
  ...([{}, { cropping: 2 }, { cropping: [0, 3] }] as const).map((config) =>
    caseOf('cropping1d', cropping1d, config, [2, 6, 3]),
  ),
  ...[{}, { size: 3 }].map((config) => caseOf('upSampling1d', upSampling1d, config, [2, 4, 3])),
];
