/** No peer may differ by more, as a share of the largest value: a faster library that computes something else is no peer. */
export const toleratedDifference = 1e-5;

/** max |value − reference| / max |reference|. NaN where any value is. */
export function largestDifference(values: Float32Array, reference: Float32Array): number {
  if (values.length !== reference.length) {
    throw new RangeError(`expected ${String(reference.length)} values, got ${String(values.length)}`);
  }
  let difference = 0;
  let largest = 0;
  reference.forEach((expected, index) => {
    difference = Math.max(difference, Math.abs((values[index] ?? NaN) - expected));
    largest = Math.max(largest, Math.abs(expected));
  });
  return difference / largest;
}
