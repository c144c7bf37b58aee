/**
 * From prices to what a network reads, and back.
 *
 * A network is not shown the prices themselves. They drift: the unseen part of the S&P 500 lies far above every price
 * of the training part, where a tanh trained on the lower prices is saturated, and whatever such a network says there
 * is an artefact. The ratio of a price to the one before it does not drift. So a window of prices goes in as its
 * changes ln(pₜ / pₜ₋₁), and the same changes one step ahead come out; the last price and the forecast change give the
 * forecast price.
 *
 * Changes are divided by their root mean square over the training part, the only number that is fitted, and fitted
 * there alone. Their mean is not subtracted: so zero stays "unchanged", and a network that has learnt nothing says what
 * the naive forecast says.
 */
import { pairs, mean } from 'd3-array';

export interface Split {
  /** Where the validation part begins; all before it is for training. */
  readonly validation: number;
  /** Where the unseen part begins. */
  readonly unseen: number;
}

/** By time: the first 60 % train, the next 20 % validate, the last 20 % stay unseen until the end. */
export function splitByTime(prices: readonly number[]): Split {
  return { validation: Math.floor(prices.length * 0.6), unseen: Math.floor(prices.length * 0.8) };
}

/** The root mean square of the changes: the unit in which the network counts. */
export function fitScale(trainingPrices: readonly number[]): number {
  return Math.sqrt(mean(changes(trainingPrices), (change) => change ** 2) ?? 0);
}

export interface Windows {
  readonly count: number;
  /** Tensors of shape [count, steps, 1]; row t of y is row t + 1 of x. */
  readonly x: { data: Float32Array; shape: number[] };
  readonly y: { data: Float32Array; shape: number[] };
}

/**
 * Every window of `steps` changes within the prices given, with the same changes one step ahead. Both come from these
 * prices alone, so no window reaches over a split.
 */
export function slidingWindows(prices: readonly number[], steps: number, scale: number): Windows {
  const scaled = Float32Array.from(changes(prices), (change) => change / scale);
  const count = scaled.length - steps;
  if (count < 1) {
    throw new Error(`windows of ${steps} steps: expected at least ${steps + 2} prices, got ${prices.length}`);
  }
  const shape = [count, steps, 1];
  const x = { data: new Float32Array(count * steps), shape };
  const y = { data: new Float32Array(count * steps), shape };
  for (let start = 0; start < count; start++) {
    x.data.set(scaled.subarray(start, start + steps), start * steps);
    y.data.set(scaled.subarray(start + 1, start + 1 + steps), start * steps);
  }
  return { count, x, y };
}

/** For each price from `first` on, the window of changes that was known one step before it. */
export function windowsBefore(prices: readonly number[], first: number, steps: number, scale: number): Windows {
  return slidingWindows(prices.slice(first - steps - 1), steps, scale);
}

/** The prices that the last row of each window's output stands for. */
export function forecastPrices(outputs: Float32Array, lastPrices: readonly number[], scale: number): number[] {
  const steps = outputs.length / lastPrices.length;
  return lastPrices.map((price, window) => price * Math.exp((outputs[(window + 1) * steps - 1] ?? NaN) * scale));
}

function changes(prices: readonly number[]): number[] {
  return pairs(prices, (before, after) => Math.log(after / before));
}
