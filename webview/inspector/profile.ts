/** The line beside the map: mean of each layer, with its range. */
import { linearTicks, logTicks } from '../shared/svg.ts';
import type { CellValue, LayerStat, Profile, Scale } from '../shared/heatmap.ts';
import { cell as cellText } from '../shared/format.ts';
import type { SpectraMap } from './map-model.ts';
import type { MapMetric } from './metrics.ts';

export function profileOf(
  metric: MapMetric,
  map: SpectraMap,
  scale: Scale,
  cell: (layer: number, module: string) => CellValue,
): Profile | null {
  if (scale.kind !== 'lin' && scale.kind !== 'log') return null;
  const stats = Array.from({ length: map.layers }, (_, layer): LayerStat | null => {
    const values = map.modules.map((module) => cell(layer, module).value).filter((value) => value !== null);
    if (!values.length) return null;
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return { mean, min: Math.min(...values), max: Math.max(...values) };
  });
  if (stats.every((stat) => stat === null)) return null;
  const { lo, hi } = scale;
  const ticks = scale.kind === 'log' ? logTicks(lo, hi, 3) : linearTicks(lo, hi, 3).filter((v) => v >= lo && v <= hi);
  return {
    title: 'Mean and range',
    scale,
    reference: null,
    ticks: ticks.length > 1 ? ticks : [lo, hi],
    label: (tick) => (Number.isInteger(tick) && Math.abs(tick) < 1e4 ? String(tick) : cellText(tick)),
    series: [{ mark: 'circle', colour: 'var(--vscode-foreground)', at: (layer) => stats[layer] ?? null }],
  };
}
