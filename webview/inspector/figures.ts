/** The figures of one tensor as the table sorts and compares them. Pure. */
import { mapMetric, type MapMetric } from './metrics.ts';
import type { InspectorModel } from './model.ts';
import type { MetricId, Row } from './rows.ts';

/**
 * Mean over the matrices of the tensor (parts of a fused one, experts of a stack) that have a value. Undefined while it is not computed,
 * null if it has none: not finite, of a type that is not read, not a matrix.
 */
export function figureOf(model: InspectorModel, { tensor }: Row, metric: MapMetric): number | null | undefined {
  if (metric.of === 'elements') {
    const statistics = model.statistics.get(tensor.name);
    if (statistics) return statistics.stats[metric.id];
    return model.isReadable(tensor) && !model.failures.has(tensor.name) ? undefined : null;
  }
  const matrices = model.spectra.get(tensor.name);
  if (!matrices?.size) return canHaveSpectrum(model, tensor.name) ? undefined : null;
  let sum = 0;
  let count = 0;
  for (const { metrics } of matrices.values()) {
    const value = metrics[metric.id];
    if (value === null) continue;
    sum += value;
    count++;
  }
  return count ? sum / count : null;
}
function canHaveSpectrum(model: InspectorModel, name: string): boolean {
  const tensor = model.row(name)?.tensor;
  if (!tensor?.spectral || tensor.missing || model.failures.has(name)) return false;
  const stats = model.statistics.get(name)?.stats;
  return !stats || (stats.nan === 0 && stats.inf === 0);
}
export const figureById = (model: InspectorModel, row: Row, id: MetricId): number | null | undefined =>
  figureOf(model, row, mapMetric(id));
