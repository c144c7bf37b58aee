/** Reading what was parsed from JSON: every value is checked, and the error says where, what was expected and what came. */
import { mismatch, refuse } from '../options/options.js';

export type Json = Readonly<Record<string, unknown>>;

/** The name of an object's type, such as 'Uint8Array': `instanceof` fails for objects of another window or context. */
export function typeName(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

export function asRecord(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(where, 'an object', value);
  const type = typeName(value);
  return type === 'Object' ? (value as Json) : mismatch(where, 'an object', `a value of type ${type}`);
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
