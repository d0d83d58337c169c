/** Section A, spectral: what the singular values of one matrix say. */
import type { SpectrumMetrics } from '../protocol/results.ts';
import { figuresOf } from './catalog.ts';
import { evaluate, undefinedValues } from './figure.ts';
import { rankTolerance } from './figures/numericalRank.ts';
import { fitPowerLaw } from './powerLaw.ts';

/**
 * All of section A's spectral figures. `values`: the q singular values, descending, null if the matrix is not finite (then every
 * figure is null); `variance`: population variance of the entries. A zero matrix: norms, ranks and counts 0, everything else null.
 */
export function spectrumMetrics(
  values: Float64Array | null,
  rows: number,
  columns: number,
  variance: number | null,
): SpectrumMetrics {
  if (values === null) return undefinedValues(figuresOf('spectrum'));
  const tolerance = rankTolerance(values[0] ?? 0, rows, columns);
  const fit = fitPowerLaw(values.filter((s) => s > tolerance).map((s) => s * s));
  return evaluate(figuresOf('spectrum'), { values, rows, columns, variance, tolerance, fit });
}
