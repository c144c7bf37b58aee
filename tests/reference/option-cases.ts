/**
 * Layer by layer and option by option what cases.ts does not go through. A case brings the reference's pass along, and what
 * else a layer is given (a mask, what dropout keeps) as a field of its own.
 */
import { convolutionCases, type ConvolutionCase } from './cases/convolutions.js';
import { normalizationCases, type NormalizationCase } from './cases/normalizations.js';
import { poolingCases, type PoolingCase } from './cases/poolings.js';
import { recurrentCases, wrapperCases, type RecurrentCase, type WrapperCase } from './cases/recurrents.js';
import { shapeCases, type ShapeCase } from './cases/shapes.js';

export type OptionCase = ConvolutionCase | NormalizationCase | PoolingCase | RecurrentCase | ShapeCase | WrapperCase;

/** The whole table, the same in every run. */
export function optionCases(): OptionCase[] {
  return [
    ...convolutionCases,
    ...poolingCases,
    ...recurrentCases,
    ...wrapperCases,
    ...normalizationCases,
    ...shapeCases,
  ].map((draft, i) => draft(1_000 + i));
}
