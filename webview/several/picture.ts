/** The maps of several checkpoints for one figure: a map a run, or the map of a step, all on one scale. */
import { roundingFloor } from '../../src/answer/size.ts';
import { median } from '../../src/metrics/median.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import type { Scale } from '../../src/metrics/figure.ts';
import { shortNumber } from '../comparison/cells.ts';
import { LIKE_NOISE } from '../comparison/key-values.ts';
import { columnsOf, type Column } from '../comparison/columns.ts';
import { statOf } from '../comparison/layer-profile.ts';
import {
  endLabels,
  isInPercent,
  labeller,
  memo,
  onRamp,
  percentText,
  scaleOf,
  signsOf,
  ticksOf,
} from '../comparison/panels.ts';
import type { Shown } from '../comparison/shown.ts';
import type { Tab } from '../comparison/tabs.ts';
import { times } from '../shared/format.ts';
import {
  ends,
  isBeyond,
  reference,
  type CellValue,
  type Panel,
  type Profile,
  type ProfileSeries,
} from '../shared/heatmap.ts';
import { t, tell } from '../shared/l10n.ts';
import type { Legend, Sign } from '../shared/map-legend.ts';
import { figureOf } from './figures.ts';
import { markOf } from './marks.ts';
import type { SeveralModel } from './model.ts';
import { stepOf, type Ui } from './view.ts';

export interface Maps extends Legend {
  shown: Shown;
  /** runs that have a map, in this order */
  runs: readonly number[];
  panels: readonly Panel[];
  columns: readonly Column[];
  /** of the maps of these runs */
  profile(runs: readonly number[]): Profile;
  /** a value as the figure writes it */
  say(value: number): string;
}
/** A run's value this near to the runs' median is not shown as different from it. */
const ALIKE = 1.1;
const OVER_MEDIAN: Scale = { kind: 'log1', hi: 16 };

/** By the id of a column; that of a module is there unfolded too. */
type Cells = (layer: number, column: string) => CellValue;
/** Each cell made once. */
function cellsOf(model: SeveralModel, { metric }: Shown, run: number, columns: readonly Column[]): Cells {
  const whole = model.modules.map((module) => ({ id: module, module, expert: null }));
  const byId = new Map(
    [...whole, ...columns].map((column) => [column.id, memo((layer) => model.cell(run, metric, layer, column))]),
  );
  return (layer, column) => byId.get(column)?.(layer) ?? { status: 'absent', value: null };
}
/** Each value over the median of the runs' values there. */
function overMedian(grids: readonly Cells[]): Cells[] {
  const middle = (layer: number, module: string): number | null =>
    median(grids.map((grid) => grid(layer, module).value));
  return grids.map((grid) => (layer, module) => {
    const { status, value } = grid(layer, module);
    const of = value === null ? null : middle(layer, module);
    return { status, value: value !== null && of !== null && value / of > 0 ? value / of : null };
  });
}
const isAlike = (factor: number): boolean => factor < ALIKE && factor > 1 / ALIKE;

export function mapsOf(model: SeveralModel, ui: Ui, tab: Tab): Maps {
  const shown = figureOf(tab, ui.figure, model.known);
  const { metric } = shown;
  const isDifference = ui.differences && model.kind === 'runs';
  const columns = columnsOf(model, ui.unfolded);
  const plain = model.runs.map((_, run) => cellsOf(model, shown, run, columns));
  const grids = isDifference ? overMedian(plain) : plain;
  const { values, signs } = lookAt(model, columns, grids);
  const scale = isDifference ? OVER_MEDIAN : scaleOf(shown, values);
  if (values.some((value) => isBeyond(scale, value))) signs.add('beyond');
  const label = isDifference ? (value: number) => times(value, 2) : labeller(shown, scale);
  const [lo, hi] = ends(scale);
  const endWords = endLabels([label(lo), label(hi)], scale, values);
  const floor = shown.figure?.reference === 'rounding' && !isDifference ? floorOf(model) : null;
  const isFactor = isDifference || shown.figure?.reference === 'one';
  const text = isDifference
    ? (value: number) => (isAlike(value) ? '' : shortNumber(value))
    : isInPercent(metric)
      ? percentText
      : shortNumber;
  const runs = model.kind === 'steps' ? [stepOf({ model, ui })] : model.runs.map((_, run) => run);
  const sub = isDifference
    ? t('× median of the runs')
    : shown.figure?.sub
      ? tell(shown.figure.sub)
      : isInPercent(metric)
        ? t('in %')
        : '';
  const panelOf = (run: number): Panel => ({
    title: model.kind === 'steps' ? shown.name : `${markOf(run).glyph} ${model.runs[run]?.name ?? ''}`,
    sub: model.kind === 'steps' ? [model.runs[run]?.name, sub].filter(Boolean).join(', ') : sub,
    scale,
    cell: grids[run] ?? (() => ({ status: 'absent', value: null })),
    text,
  });
  const series = (run: number): ProfileSeries => {
    const { shape, colour, dash } = markOf(run);
    const isAlone = model.kind === 'steps';
    const values = memo((layer) => layerValues(model, grids[run], layer));
    return {
      name: isAlone ? t('median') : (model.runs[run]?.name ?? ''),
      mark: isAlone ? 'circle' : shape,
      colour: isAlone ? 'var(--vscode-foreground)' : colour,
      ...(isAlone ? { points: values } : { dash }),
      at: memo((layer) => {
        const stat = statOf(values(layer));
        // the whiskers of several runs would hide each other
        return stat && !isAlone ? { ...stat, min: stat.middle, max: stat.middle } : stat;
      }),
    };
  };
  return {
    shown,
    runs,
    panels: runs.map(panelOf),
    columns,
    scale,
    endLabels: endWords,
    tick: isFactor ? 0.5 : floor === null ? null : onRamp(scale, floor),
    signs,
    say: (value) => (isDifference ? times(value, 3) : metric.format(value)),
    profile: (of) => ({
      title: t('By layer'),
      scale,
      reference: reference(scale),
      ticks: ticksOf(scale),
      label: (at) => (at === lo ? endWords[0] : at === hi ? endWords[1] : label(at)),
      series: of.map(series),
      band: isFactor ? (isDifference ? [1 / ALIKE, ALIKE] : [1 / LIKE_NOISE, LIKE_NOISE]) : null,
      floor,
    }),
  };
}

/** Of every run, so that the scale does not change from step to step; and which states there are to explain. */
function lookAt(
  model: SeveralModel,
  columns: readonly Column[],
  grids: readonly Cells[],
): { values: number[]; signs: Set<Sign> } {
  const values: number[] = [];
  const signs = new Set<Sign>();
  for (const grid of grids)
    for (const layer of model.layers)
      for (const { id } of columns) {
        const cell = grid(layer, id);
        if (cell.value !== null) values.push(cell.value);
        if (cell.most != null) values.push(cell.most);
        for (const sign of signsOf(cell)) signs.add(sign);
      }
  return { values, signs };
}
/** Values of a layer's cells that can be read; of a module that is unfolded its median. */
function layerValues(model: SeveralModel, grid: Cells | undefined, layer: number): number[] {
  return model.modules.flatMap((module) => {
    const cell = grid?.(layer, module);
    return cell?.status === 'done' && cell.value !== null && !cell.isSmall ? [cell.value] : [];
  });
}
/** Of one rounding of the base, which all runs share. */
function floorOf(model: SeveralModel): number | null {
  const all = model.matrices.flatMap(({ name }): ComparisonTensor[] => {
    const tensor = model.runs.map((_, run) => model.tensor(run, name)).find((found) => found !== undefined);
    return tensor ? [tensor] : [];
  });
  return all.length ? roundingFloor(all) : null;
}
