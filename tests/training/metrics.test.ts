/** Metrics against their definitions over all rows at once, however the batches fall; and the examples of Keras's documentation. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  losses,
  metrics,
  sequential,
  type CompileArguments,
  type LossOption,
  type MetricOption,
} from '../../src/index.js';
import { createRandom } from '../random.js';
import * as reference from '../reference/metrics.js';
import { map, sizeOf, tensor, type Tensor } from '../reference/tensor.js';

type Target = 'bits' | 'one-hot' | 'values';

interface Case {
  readonly metric: MetricOption;
  readonly target: Target;
  readonly of: (rows: reference.Rows) => number;
  /** The prediction is to be read as class numbers. */
  readonly sparse?: MetricOption;
}

const sigmoid = (rows: reference.Rows): reference.Rows => ({
  ...rows,
  x: rows.x.map((row) => row.map((value) => 1 / (1 + Math.exp(-value)))),
});

const cases: readonly Case[] = [
  { metric: 'accuracy', target: 'one-hot', of: reference.categoricalAccuracy, sparse: 'accuracy' },
  { metric: 'binaryAccuracy', target: 'bits', of: reference.binaryAccuracy },
  {
    metric: metrics.binaryAccuracy({ threshold: 0.3 }),
    target: 'bits',
    of: (rows) => reference.binaryAccuracy(rows, 0.3),
  },
  {
    metric: 'categorical_accuracy',
    target: 'one-hot',
    of: reference.categoricalAccuracy,
    sparse: 'sparseCategoricalAccuracy',
  },
  {
    metric: metrics.topKCategoricalAccuracy({ k: 2 }),
    target: 'one-hot',
    of: (rows) => reference.topKAccuracy(rows, 2),
    sparse: metrics.sparseTopKCategoricalAccuracy({ k: 2 }),
  },
  ...[{}, { threshold: 0.3 }, { topK: 2 }, { classId: 1 }].flatMap((options): Case[] => [
    {
      metric: metrics.precision(options),
      target: 'one-hot',
      of: (rows) => reference.precision(rows, options),
      sparse: metrics.precision(options),
    },
    { metric: metrics.recall(options), target: 'bits', of: (rows) => reference.recall(rows, options) },
  ]),
  ...(['micro', 'macro', 'weighted'] as const).flatMap((average): Case[] => [
    {
      metric: metrics.f1Score({ average }),
      target: 'one-hot',
      of: (rows) => reference.f1Score(rows, average),
      sparse: metrics.f1Score({ average }),
    },
    {
      metric: metrics.f1Score({ average, threshold: 0.4 }),
      target: 'bits',
      of: (rows) => reference.f1Score(rows, average, 0.4),
    },
  ]),
  ...(['ROC', 'PR'] as const).flatMap((curve): Case[] => [
    { metric: metrics.auc({ curve }), target: 'bits', of: (rows) => reference.auc(rows, { curve }) },
    ...(['minoring', 'majoring'] as const).map((summationMethod): Case => {
      const options = { curve, summationMethod, numThresholds: 11 };
      return { metric: metrics.auc(options), target: 'bits', of: (rows) => reference.auc(rows, options) };
    }),
  ]),
  {
    metric: metrics.auc({ thresholds: [0.7, 0.2, 0.5] }),
    target: 'bits',
    of: (rows) => reference.auc(rows, { thresholds: [0.7, 0.2, 0.5] }),
  },
  { metric: metrics.auc({ fromLogits: true }), target: 'bits', of: (rows) => reference.auc(sigmoid(rows)) },
  { metric: 'rmse', target: 'values', of: reference.rootMeanSquaredError },
  { metric: 'r2_score', target: 'values', of: reference.r2Score },
  {
    metric: metrics.r2Score({ classAggregation: 'varianceWeightedAverage' }),
    target: 'values',
    of: (rows) => reference.r2Score(rows, true),
  },
  { metric: 'perplexity', target: 'one-hot', of: reference.perplexity, sparse: 'perplexity' },
];

const random = createRandom(17);

function drawTarget(kind: Target, shape: readonly number[]): Tensor {
  if (kind === 'values') return tensor(shape, random.normals(sizeOf(shape)));
  if (kind === 'bits')
    return tensor(
      shape,
      Array.from({ length: sizeOf(shape) }, () => random.integer(0, 1)),
    );
  const classes = shape[shape.length - 1];
  const rows = Array.from({ length: sizeOf(shape) / classes }, () => random.integer(0, classes - 1));
  return tensor(
    shape,
    rows.flatMap((chosen) => Array.from({ length: classes }, (_, i) => Number(i === chosen))),
  );
}

/** A model that gives its input, with a mask. */
function mirror(features: number, loss: LossOption, metric: MetricOption, isWeighted: boolean) {
  const [x, mask] = [input({ shape: [null, features] }), input({ shape: [null], dtype: 'bool' })];
  const outputs = layers.activation({ activation: 'linear' }).apply(x, { mask });
  const model = functional({ inputs: [x, mask], outputs });
  model.compile({ optimizer: 'sgd', loss, [isWeighted ? 'weightedMetrics' : 'metrics']: [metric] });
  return model;
}

const numberOf = (logs: object): number => Number(Object.values(logs)[1]);

const shape = [7, 5, 3];
const mask = Array.from({ length: 35 }, () => random.integer(0, 3) && 1);
const weights = Array.from(random.uniforms(35, 0, 2));
const sampleWeight = { data: weights, shape: [7, 5] };

function drawRows(target: Target) {
  const x = tensor(shape, random.uniforms(sizeOf(shape), 0.01, 0.99));
  // What is masked is not looked at.
  const spoiled = map(x, (value, i) => (mask[Math.floor(i / 3)] === 1 ? value : NaN));
  return { x, y: drawTarget(target, shape), given: [spoiled, tensor([7, 5], mask)] };
}

describe.each(cases.map((one) => [JSON.stringify(one.metric), one] as const))('%s', (_, one) => {
  const { x, y, given } = drawRows(one.target);

  test.each([1, 3, 32])('masked, in batches of %i, is what it is of all rows', (batchSize) => {
    const model = mirror(3, 'mse', one.metric, false);
    const logs = model.evaluate(given, y, { batchSize, sampleWeight });
    expect(numberOf(logs)).toBeCloseTo(one.of(reference.rowsOf(x, y, mask)), 6);
  });

  test('weighted, it is that of rows that count so much', () => {
    const model = mirror(3, 'mse', one.metric, true);
    const logs = model.evaluate(given, y, { batchSize: 3, sampleWeight });
    const counts = weights.map((weight, i) => weight * mask[i]);
    expect(numberOf(logs)).toBeCloseTo(one.of(reference.rowsOf(x, y, counts)), 6);
  });
});

test.each(
  cases.flatMap((one) => (one.sparse === undefined ? [] : [[JSON.stringify(one.sparse), one.sparse, one.of] as const])),
)('%s of class numbers is that of shares of classes', (_, metric, of) => {
  const { x, y, given } = drawRows('one-hot');
  const model = mirror(3, 'sparseCategoricalCrossentropy', metric, false);
  const classes = Array.from({ length: 35 }, (_row, i) => y.data.subarray(3 * i, 3 * i + 3).indexOf(1));
  const logs = model.evaluate(given, tensor([7, 5], classes), { batchSize: 3 });
  expect(numberOf(logs)).toBeCloseTo(of(reference.rowsOf(x, y, mask)), 6);
});

describe('examples of Keras’s documentation', () => {
  const evaluate = (
    metric: MetricOption,
    y: number[][],
    x: number[][],
    sampleWeight?: number[],
    loss: LossOption = 'mse',
  ): number => {
    const linear = layers.activation({ activation: 'linear', inputShape: [x[0].length] });
    const model = sequential({ layers: [linear] });
    model.compile({ optimizer: 'sgd', loss, weightedMetrics: [metric] });
    return numberOf(model.evaluate(x, y, sampleWeight && { sampleWeight }));
  };
  const columns = (...values: number[]) => values.map((value) => [value]);
  const [hot, hotX] = [
    [
      [0, 0, 1],
      [0, 1, 0],
    ],
    [
      [0.1, 0.9, 0.8],
      [0.05, 0.95, 0],
    ],
  ];

  test('metrics/accuracy_metrics.py', () => {
    const [y, x] = [columns(1, 1, 0, 0), columns(0.98, 1, 0, 0.6)];
    expect(evaluate('binaryAccuracy', y, x)).toBe(0.75);
    expect(evaluate('binaryAccuracy', y, x, [1, 0, 0, 1])).toBe(0.5);
    expect(evaluate('categoricalAccuracy', hot, hotX)).toBe(0.5);
    expect(evaluate('categoricalAccuracy', hot, hotX, [0.7, 0.3])).toBeCloseTo(0.3, 6);
    expect(evaluate(metrics.topKCategoricalAccuracy({ k: 1 }), hot, hotX, [0.7, 0.3])).toBeCloseTo(0.3, 6);
  });

  test('metrics/confusion_metrics.py', () => {
    const [y, x] = [columns(0, 1, 1, 1), columns(1, 0, 1, 1)];
    expect(evaluate('precision', y, x)).toBeCloseTo(2 / 3, 7);
    expect(evaluate('precision', y, x, [0, 0, 1, 0])).toBe(1);
    expect(evaluate('recall', y, x)).toBeCloseTo(2 / 3, 7);
    expect(evaluate(metrics.precision({ topK: 2 }), [[0, 0, 1, 1]], [[1, 1, 1, 1]])).toBe(0);
    expect(evaluate(metrics.precision({ topK: 4 }), [[0, 0, 1, 1]], [[1, 1, 1, 1]])).toBe(0.5);
    const area = metrics.auc({ numThresholds: 3 });
    expect(evaluate(area, columns(0, 0, 1, 1), columns(0, 0.5, 0.3, 0.9))).toBe(0.75);
    expect(evaluate(area, columns(0, 0, 1, 1), columns(0, 0.5, 0.3, 0.9), [1, 0, 0, 1])).toBe(1);
  });

  test('metrics/f_score_metrics.py and regression_metrics.py', () => {
    const y = [
      [1, 1, 1],
      [1, 0, 0],
      [1, 1, 0],
    ];
    const x = [
      [0.2, 0.6, 0.7],
      [0.2, 0.6, 0.6],
      [0.6, 0.8, 0],
    ];
    const score = evaluate(metrics.f1Score({ threshold: 0.5 }), y, x);
    expect(score).toBeCloseTo((0.5 + 0.8 + 2 / 3) / 3, 6);
    expect(evaluate('r2Score', columns(1, 4, 3), columns(2, 4, 4))).toBeCloseTo(0.57142854, 7);
    const [vectors, others] = [
      [
        [0, 1],
        [1, 1],
      ],
      [
        [1, 0],
        [1, 1],
      ],
    ];
    expect(evaluate('cosineSimilarity', vectors, others)).toBeCloseTo(0.5, 6);
    expect(evaluate('cosineSimilarity', vectors, others, [0.3, 0.7])).toBeCloseTo(0.7, 6);
    expect(
      evaluate(
        'rmse',
        [
          [0, 1],
          [0, 0],
        ],
        [
          [1, 1],
          [0, 0],
        ],
      ),
    ).toBe(0.5);
  });

  test('losses/losses.py', () => {
    const lossOf = (loss: LossOption, y: number[][], x: number[][], sampleWeight?: number[]): number => {
      const linear = layers.activation({ activation: 'linear', inputShape: [x[0].length] });
      const model = sequential({ layers: [linear] });
      model.compile({ optimizer: 'sgd', loss });
      return model.evaluate(x, y, sampleWeight && { sampleWeight }).loss;
    };
    const y = [
      [0, 1],
      [0, 0],
    ];
    const x = [
      [0.6, 0.4],
      [0.4, 0.6],
    ];
    expect(lossOf('huber', y, x)).toBeCloseTo(0.155, 6);
    expect(
      lossOf('log_cosh', y, [
        [1, 1],
        [0, 0],
      ]),
    ).toBeCloseTo(0.108, 3);
    expect(
      lossOf('poisson', y, [
        [1, 1],
        [0, 0],
      ]),
    ).toBeCloseTo(0.5, 6);
    expect(lossOf('kl_divergence', y, x)).toBeCloseTo(0.458, 3);
    expect(lossOf('hinge', y, x)).toBeCloseTo(1.3, 6);
    expect(lossOf('squared_hinge', y, x)).toBeCloseTo(1.86, 6);
    expect(lossOf('categorical_hinge', y, x)).toBeCloseTo(1.4, 6);
    expect(
      lossOf('msle', y, [
        [1, 1],
        [1, 0],
      ]),
    ).toBeCloseTo(0.24, 3);
    expect(
      lossOf(
        'cosine_similarity',
        [
          [0, 1],
          [1, 1],
        ],
        [
          [1, 0],
          [1, 1],
        ],
      ),
    ).toBeCloseTo(-0.5, 6);
    const [classes, shares] = [
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
      [
        [0.05, 0.95, 0],
        [0.1, 0.8, 0.1],
      ],
    ];
    expect(lossOf('categorical_crossentropy', classes, shares)).toBeCloseTo(1.177, 3);
    expect(lossOf('categorical_crossentropy', classes, shares, [0.3, 0.7])).toBeCloseTo(0.814, 3);
    expect(lossOf('categorical_focal_crossentropy', classes, shares)).toBeCloseTo(0.23315276, 6);
    expect(lossOf('categorical_focal_crossentropy', classes, shares, [0.3, 0.7])).toBeCloseTo(0.1632, 4);
    const [bits, logits] = [
      y,
      [
        [-18.6, 0.51],
        [2.94, -12.8],
      ],
    ];
    const focal = losses.binaryFocalCrossentropy({ gamma: 3, fromLogits: true });
    expect(lossOf(focal, bits, logits)).toBeCloseTo(0.647, 3);
    const balanced = losses.binaryFocalCrossentropy({ applyClassBalancing: true, gamma: 3, fromLogits: true });
    expect(lossOf(balanced, bits, logits)).toBeCloseTo(0.482, 3);
  });
});

describe('metrics with names', () => {
  const model = (...given: MetricOption[]) => {
    const made = sequential({ layers: [layers.dense({ units: 2, inputShape: [1] })] });
    made.compile({ optimizer: 'sgd', loss: 'mse', metrics: given });
    return made;
  };

  test('may be several of a kind', () => {
    const made = model('auc', metrics.auc({ curve: 'PR', name: 'aucPr' }), 'rmse', 'f1_score');
    expect(Object.keys(made.trainOnBatch([[1]], [[1, 0]]))).toEqual(['loss', 'auc', 'aucPr', 'rmse', 'f1Score']);
  });

  test('are once in the logs', () => {
    for (const given of [
      ['auc', metrics.auc()],
      ['rmse', 'rootMeanSquaredError'],
      [metrics.auc({ name: 'a' }), metrics.recall({ name: 'a' })],
      [metrics.auc({ name: 'loss' })],
    ] satisfies MetricOption[][]) {
      expect(() => model(...given)).toThrow('sequential: compile: metrics: expected each metric once');
    }
  });

  describe('in one log', () => {
    const several = (names: readonly string[], options: Omit<CompileArguments, 'optimizer' | 'loss'>) => {
      const x = input({ shape: [1] });
      const outputs = names.map((name) => layers.dense({ units: 1, name }).apply(x));
      const made = functional({ inputs: x, outputs });
      made.compile({ optimizer: 'sgd', loss: 'mse', ...options });
      return Object.keys(made.trainOnBatch([[1]], names.length === 1 ? [[1]] : names.map(() => [[1]])));
    };
    const auc = (name: string) => metrics.auc({ name });

    test.each<[string[], Omit<CompileArguments, 'optimizer' | 'loss'>, string]>([
      [['a', 'val'], {}, `'valLoss' for the loss in validation and for the loss of "val"`],
      [['a'], { metrics: [auc('valLoss')] }, `'valLoss' for the loss in validation and for the metric "valLoss" of "a"`],
      [['a'], { metrics: [auc('valMae'), 'mae'] }, `'valMae' for the metric "valMae" of "a" and for the metric "mae" of "a" in validation`],
      [['a'], { metrics: [auc('gradientNorm')], logGradientNorm: true }, `'gradientNorm' for logGradientNorm and for the metric "gradientNorm" of "a"`],
      [['a', 'aB'], { metrics: { a: [auc('bMae')], aB: ['mae'] } }, `'aBMae' for the metric "bMae" of "a" and for the metric "mae" of "aB"`],
    ])('outputs %j with %j: two that would have one name are refused', (names, options, message) => {
      expect(() => several(names, options)).toThrow(
        `functional: compile: logs: expected a name for each loss and metric, got ${message}`,
      );
    }); // prettier-ignore

    test('names that are alike and differ are not refused', () => {
      expect(several(['val'], { metrics: [auc('gradientNorm'), auc('valAuc')] })).toEqual([
        'loss',
        'gradientNorm',
        'valAuc',
      ]);
      expect(several(['a', 'ab'], { metrics: { a: [auc('bMae')], ab: ['mae'] } })).toHaveLength(5);
    });
  });

  test('refuse options that are none', () => {
    const where = 'sequential: compile: metrics:';
    expect(() => model(metrics.auc({ numThresholds: 1 }))).toThrow(`${where} auc: numThresholds: expected an integer`);
    expect(() => model(metrics.auc({ thresholds: [2] }))).toThrow('auc: thresholds: expected an array of numbers in');
    expect(() => model(metrics.precision({ topK: 0 }))).toThrow('precision: topK: expected a positive integer, got 0');
    expect(() => model(metrics.precision({ classId: 2 }))).toThrow(
      'dense: precision: classId: expected a feature from 0 to 1, got 2',
    );
    expect(() => model({ kind: 'f1Score', average: 'none' } as never)).toThrow(
      "f1Score: average: expected one of 'micro'",
    );
    expect(() => model({ kind: 'f1Score', beta: 2 } as never)).toThrow('unknown option "beta"');
    expect(() => model('sparseCategoricalAccuracy')).toThrow('expected metrics of values, as its loss takes');
  });
});

test('precision and recall take any target but 0 as 1, and AUC clips what is no probability (Keras)', () => {
  const model = sequential({ layers: [layers.dense({ units: 1, kernelInitializer: 'ones', inputShape: [1] })] });
  model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['precision', 'recall', metrics.auc({ curve: 'PR' })] });
  expect(model.evaluate([[0.9], [0.8]], [[2], [1]])).toMatchObject({ precision: 1, recall: 1 });
  expect(model.evaluate([[0.9], [0.2]], [[0.3], [-1]])).toMatchObject({ precision: 1, recall: 0.5 });
  const values = [[1], [0], [1], [0]];
  const clipped = model.evaluate([[1], [0.4], [0], [0.2]], values).auc;
  expect(model.evaluate([[1.5], [0.4], [-0.5], [0.2]], values).auc).toBe(clipped);
});
