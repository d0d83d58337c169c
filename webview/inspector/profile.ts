/** The line beside the map: median of each layer, with its range. */
import { linearTicks, logTicks } from '../shared/svg.ts';
import type { CellValue, LayerStat, Profile, Scale } from '../shared/heatmap.ts';
import { cell as cellText } from '../shared/format.ts';
import type { SpectraMap } from './map-model.ts';
import type { MapMetric } from './metrics.ts';
import { t } from '../shared/l10n.ts';
import { median } from '../../src/metrics/median.ts';
import { greatest, least } from '../../src/protocol/lists.ts';

export function profileOf(
  metric: MapMetric,
  map: SpectraMap,
  scale: Scale,
  cell: (layer: number, module: string) => CellValue,
): Profile | null {
  if (scale.kind !== 'lin' && scale.kind !== 'log') return null;
  const statOf = (layer: number): LayerStat | null => {
    const values = map.modules.map((module) => cell(layer, module).value).filter((value) => value !== null);
    if (!values.length) return null;
    return { middle: median(values) ?? 0, min: least(values), max: greatest(values) };
  };
  const stats = new Map(map.layers.map((layer) => [layer, statOf(layer)]));
  if ([...stats.values()].every((stat) => stat === null)) return null;
  const { lo, hi } = scale;
  const inner = scale.kind === 'log' ? logTicks(lo, hi, 4) : linearTicks(lo, hi, 4);
  const short = (value: number): string =>
    Number.isInteger(value) && Math.abs(value) < 1e4 ? String(value) : cellText(value);
  return {
    title: t('Median and range'),
    scale,
    reference: null,
    ticks: [lo, ...inner.filter((v) => v > lo && v < hi), hi],
    // the ends are labelled; between them there is no room for figures that differ from model to model
    label: (tick) => (tick === lo || tick === hi ? short(tick) : ''),
    series: [{ mark: 'circle', colour: 'var(--vscode-foreground)', at: (layer) => stats.get(layer) ?? null }],
  };
}
