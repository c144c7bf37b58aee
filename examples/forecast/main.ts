/**
 * The main job: recurrent networks learn real prices, and what they forecast is set beside the naive forecast (tomorrow
 * = today), whoever wins.
 *
 * A window of past prices goes in, the same series one step ahead comes out, at every step of the window: sequence →
 * sequence. `npm start` runs it.
 */
import { optimizers } from 'bucle';
import { writeChart } from './chart.js';
import { amazon, sp500, type Series } from './data.js';
import { score } from './metrics.js';
import { recipes, streamedStepTime, type Recipe } from './models.js';
import { table, verdict, warnings, type Result } from './report.js';
import { fitScale, forecastPrices, slidingWindows, splitByTime, windowsBefore } from './windows.js';

interface Task {
  readonly series: Series;
  readonly file: string;
  readonly windowSteps: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

// Chosen by the loss on the validation part; the unseen part was not asked. More epochs learn the training part by heart:
// its loss goes on falling, that on the validation part rises.
const tasks: readonly Task[] = [
  { series: amazon(), file: 'amazon.svg', windowSteps: 12, epochs: 30, batchSize: 16, learningRate: 0.001 },
  { series: sp500(), file: 'sp500.svg', windowSteps: 50, epochs: 5, batchSize: 32, learningRate: 0.0005 },
];
const seed = 1;

const began = performance.now();
for (const task of tasks) {
  await forecastSeries(task);
}
console.log(`\nAll in ${((performance.now() - began) / 1000).toFixed(0)} s.`);

async function forecastSeries(task: Task): Promise<void> {
  const { series } = task;
  const { prices, dates } = series;
  const split = splitByTime(prices);
  const day = (index: number) => dates.at(index)?.toISOString().slice(0, 10) ?? '';
  console.log(`\n${series.name}: ${prices.length} closes, one a ${series.step}, ${day(0)} to ${day(-1)}.`);
  console.log(`Training from ${day(0)}, validation from ${day(split.validation)}, unseen from ${day(split.unseen)}.\n`);

  const actual = prices.slice(split.unseen);
  const lastKnown = prices.slice(split.unseen - 1, -1);
  const naive: Result = { name: 'Naive', forecast: lastKnown, score: score(lastKnown, actual, lastKnown) };
  const results: Result[] = [];
  for (const recipe of recipes) {
    const { forecast, stepTime } = await trainAndForecast(recipe, task);
    results.push({ name: recipe.name, forecast, score: score(forecast, actual, lastKnown), stepTime });
  }

  console.log(`\n${series.name}, the unseen ${actual.length} ${series.step}s:`);
  console.log(table(series, naive, results));
  console.log([verdict(naive, results), ...warnings(series, results)].join('\n'));
  console.log(`Chart: ${await writeChart(task.file, series, split, [naive, ...results])}`);
}

async function trainAndForecast(recipe: Recipe, { series, windowSteps, epochs, batchSize, learningRate }: Task) {
  const { prices } = series;
  const split = splitByTime(prices);
  const scale = fitScale(prices.slice(0, split.validation));
  const training = slidingWindows(prices.slice(0, split.validation), windowSteps, scale);
  const validation = slidingWindows(prices.slice(split.validation, split.unseen), windowSteps, scale);

  const model = recipe.build(seed);
  model.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'meanSquaredError' });
  console.log(`${recipe.name}: ${training.count} windows of ${windowSteps} ${series.step}s`);
  await model.fit(training.x, training.y, { epochs, batchSize, validationData: [validation.x, validation.y], seed });

  const unseen = windowsBefore(prices, split.unseen, windowSteps, scale);
  const outputs = model.predict(unseen.x);
  return {
    forecast: forecastPrices(outputs.data, prices.slice(split.unseen - 1, -1), scale),
    stepTime: streamedStepTime(model),
  };
}
