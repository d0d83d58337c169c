/** The figures of one checkpoint (section A of the metric definitions): name, meaning, how they are written and coloured. */
import type { ElementStats, SpectrumMetrics } from '../../src/protocol/results.ts';
import { integer, num } from '../shared/format.ts';
import type { Scale } from '../shared/heatmap.ts';
import { t } from '../shared/l10n.ts';

export interface Metric<Id extends string = string> {
  id: Id;
  name: string;
  /** what it is, in one line */
  text: string;
  format(value: number): string;
}
const figure = (value: number): string => num(value);
const whole = (value: number): string => (Number.isInteger(value) ? integer(value) : num(value));
const metric = <Id extends string>(id: Id, name: string, text: string, format = figure): Metric<Id> => ({
  id,
  name,
  text,
  format,
});

export const SPECTRUM_METRICS: readonly Metric<keyof SpectrumMetrics>[] = [
  metric('spectralNorm', t('Spectral norm'), t('The largest singular value, σ₁.')),
  metric('frobeniusNorm', t('Frobenius norm'), t('Root of the sum of σ².')),
  metric('stableRank', t('Stable rank'), t('Sum of σ² over σ₁²: how many leading values carry the energy.')),
  metric(
    'effectiveRank',
    t('Effective rank'),
    t('Exponential of the entropy of σ over its sum (Roy and Vetterli 2007).'),
  ),
  metric('numericalRank', t('Numerical rank'), t('Singular values above max(m, n) · 2⁻²³ · σ₁.'), whole),
  metric(
    'conditionNumber',
    t('Condition number'),
    t('σ₁ over the smallest singular value; undefined below full numerical rank.'),
  ),
  metric('energyRank90', t('90 % energy rank'), t('Fewest leading values that hold 90 % of the sum of σ².'), whole),
  metric('energyRank99', t('99 % energy rank'), t('Fewest leading values that hold 99 % of the sum of σ².'), whole),
  metric(
    'powerLawAlpha',
    t('Power-law exponent'),
    t('Exponent a of the fit to the tail of σ² (WeightWatcher’s method).'),
  ),
  metric('powerLawXmin', t('Power-law start'), t('The σ² from which the power law is fitted.')),
  metric('powerLawD', t('Power-law distance'), t('Kolmogorov–Smirnov distance of the fit: 0 is perfect.')),
  metric('alphaHat', t('Weighted exponent α̂'), t('Exponent times log₁₀ of the largest σ².')),
  metric('logAlphaNorm', t('Log α-norm'), t('log₁₀ of the sum of (σ²) to the exponent.')),
  metric('mpSoftRank', t('MP soft rank'), t('Marchenko–Pastur edge over σ₁², both squared: near 1 for noise.')),
  metric(
    'outlierCount',
    t('Outliers above MP'),
    t('Values above the Marchenko–Pastur edge; one matrix in ten of pure noise has one.'),
    whole,
  ),
];
export const ELEMENT_METRICS: readonly Metric<keyof ElementStats>[] = [
  metric('min', t('Minimum'), t('Smallest finite weight.')),
  metric('max', t('Maximum'), t('Largest finite weight.')),
  metric('mean', t('Mean'), t('Mean of the finite weights.')),
  metric('std', t('Std'), t('Population standard deviation of the finite weights.')),
  metric('absMax', t('Largest |w|'), t('Largest absolute value of a finite weight.')),
  metric('zeros', t('Zeros'), t('Weights that are exactly 0.'), whole),
  metric('nan', 'NaN', t('Weights that are not a number.'), whole),
  metric('inf', t('Infinite'), t('Weights that are infinite.'), whole),
  metric('subnormal', t('Subnormal'), t('Weights below the normal range of the storage type.'), whole),
];
/** What the map can show. Figures of the elements need no spectrum. */
export const MAP_METRICS: readonly (
  (Metric<keyof SpectrumMetrics> & { of: 'spectrum' }) | (Metric<keyof ElementStats> & { of: 'elements' })
)[] = [
  ...SPECTRUM_METRICS.map((m) => ({ ...m, of: 'spectrum' as const })),
  ...ELEMENT_METRICS.map((m) => ({ ...m, of: 'elements' as const })),
];
export type MapMetric = (typeof MAP_METRICS)[number];
export const isMetric = (id: string): id is MapMetric['id'] => MAP_METRICS.some((m) => m.id === id);
export const mapMetric = (id: string): MapMetric =>
  MAP_METRICS.find((m) => m.id === id) ?? (MAP_METRICS.find((m) => m.id === 'stableRank') as MapMetric);

/** None of these figures has a null, so the colours are sequential and fitted: logarithmic over two decades or more. */
export function scaleOf(values: readonly number[]): Scale {
  let lo = Infinity;
  let hi = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    lo = Math.min(lo, value);
    hi = Math.max(hi, value);
  }
  if (lo > hi) return { kind: 'lin', lo: 0, hi: 1 };
  // one value alone stands in the middle of its scale
  if (lo === hi) return { kind: 'lin', lo: lo - (Math.abs(lo) || 1) / 2, hi: hi + (Math.abs(hi) || 1) / 2 };
  return lo > 0 && hi / lo >= 100 ? { kind: 'log', lo, hi } : { kind: 'lin', lo, hi };
}
