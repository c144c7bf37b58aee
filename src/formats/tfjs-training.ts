/** What TensorFlow.js and Keras files say of the training of weights: regularizers and constraints. */
import { oneOf } from '../options/options.js';
import { camelCase } from './camel-case.js';
import { asRecord, type Json } from './json.js';

/** An object of a class, as files have it; Keras 3 writes module and registered name too, which say no more. */
function readObject<const Name extends string>(
  value: unknown,
  where: string,
  names: readonly Name[],
): { readonly name: Name; readonly options: Json } {
  const object = asRecord(value, where);
  const name = oneOf(names)(object.class_name, `${where}: class_name`);
  const config = Object.entries(asRecord(object.config, `${where}: config`));
  return { name, options: Object.fromEntries(config.map(([field, given]) => [camelCase(field), given])) };
}

/** As an option such as `kernelRegularizer`; the values are checked when a model is made. */
export function readRegularizer(value: unknown, where: string): Json | undefined {
  if (value === null) return undefined;
  const { options } = readObject(value, where, ['L1', 'L2', 'L1L2']);
  return { kind: 'l1l2', ...options };
}

/** As an option such as `kernelConstraint`; the values are checked when a model is made. */
export function readConstraint(value: unknown, where: string): Json | undefined {
  if (value === null) return undefined;
  const { name, options } = readObject(value, where, ['MaxNorm', 'NonNeg', 'UnitNorm', 'MinMaxNorm']);
  return { kind: `${name.charAt(0).toLowerCase()}${name.slice(1)}`, ...options };
}
