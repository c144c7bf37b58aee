// Numbers for people, three digits each.

export function duration(seconds: number): string {
  const [scale, unit] = seconds < 1e-6 ? [1e9, 'ns'] : seconds < 1e-3 ? [1e6, 'µs'] : [1e3, 'ms'];
  const value = seconds * scale;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

export function times(factor: number): string {
  return `${factor.toFixed(factor < 10 ? 2 : factor < 100 ? 1 : 0)}×`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
