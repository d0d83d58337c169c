/** What the profile beside the map shows of a layer: median and range of its matrices, each of them, and what noise gives. Pure. */
import { median } from '../../src/metrics/median.ts';
import { greatest, least } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import type { LayerStat } from '../shared/heatmap.ts';
import { matrixCell } from './cells.ts';
import type { Metric } from './metrics.ts';
import type { ComparisonModel } from './model.ts';

/** Values of the matrices of a layer that can be read: not those of which their size says nothing. */
export function layerValues(
  model: ComparisonModel,
  metric: Pick<Metric, 'id' | 'get' | 'elementwise'>,
  layer: number,
): number[] {
  return model.ofLayer(layer).flatMap((pair) => {
    const { status, value, isSmall } = matrixCell(model, metric, pair);
    return status === 'done' && value !== null && !isSmall ? [value] : [];
  });
}
export function statOf(values: readonly number[]): LayerStat | null {
  const middle = median(values);
  return middle === null ? null : { middle, min: least(values), max: greatest(values) };
}
/** Median over a layer of what noise gives; null if it is not known of any. */
export function noiseOf(
  model: ComparisonModel,
  noise: (tensor: ComparisonTensor) => number | null,
  layer: number,
): LayerStat | null {
  const middle = median(
    model.ofLayer(layer).map((pair) => {
      const tensor = model.tensors.get(pair.name);
      return tensor && (tensor.metrics.updateNorm ?? 0) > 0 ? noise(tensor) : null;
    }),
  );
  return middle === null ? null : { middle, min: middle, max: middle };
}
