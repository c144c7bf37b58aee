/** Reading what was parsed from JSON: every value is checked, and the error says where, what was expected and what came. */
import { refuse } from '../options/options.js';

export type Json = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown, where: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : refuse(where, 'an object', value);
}

export function asList(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(where, 'an array', value);
}

export function asText(value: unknown, where: string): string {
  return typeof value === 'string' ? value : refuse(where, 'a string', value);
}

export function asCount(value: unknown, where: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(where, 'a non-negative integer', value);
}
