/**
 * The table: every layer, option by option, on which gradients are checked: the reference against central differences here, and
 * the library against the reference elsewhere. A config has the library's own options. All values are float32 numbers, so
 * that both sides are given the same.
 */
import { activationCases, type ActivationCase } from './cases/activations.js';
import { convolutionCases, type ConvolutionCase } from './cases/convolutions.js';
import { normalizationCases, type NormalizationCase } from './cases/normalizations.js';
import { poolingCases, type PoolingCase } from './cases/poolings.js';
import { recurrentDropoutCases, type RecurrentDropoutCase } from './cases/recurrent-dropout.js';
import { recurrentCases, type RecurrentCase } from './cases/recurrents.js';
import { shapeCases, type ShapeCase } from './cases/shapes.js';
import { wrapperCases, type WrapperCase } from './cases/wrappers.js';

export type LayerCase =
  | ActivationCase
  | ConvolutionCase
  | NormalizationCase
  | PoolingCase
  | RecurrentCase
  | RecurrentDropoutCase
  | ShapeCase
  | WrapperCase;

/** The whole table, the same in every run. */
export function layerCases(): LayerCase[] {
  return [
    ...activationCases,
    ...convolutionCases,
    ...normalizationCases,
    ...poolingCases,
    ...recurrentCases,
    ...recurrentDropoutCases,
    ...shapeCases,
    ...wrapperCases,
  ].map((draft, i) => draft(i + 1));
}
