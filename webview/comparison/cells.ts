/** What a cell of the map shows of a figure: its value, or its state. Pure. */
import { median } from '../../src/metrics/median.ts';
import { energyVerdict, littleRoom, maskVerdict } from '../../src/metrics/verdict.ts';
import { greatest } from '../../src/protocol/lists.ts';
import type { ComparisonMetrics, ComparisonTensor } from '../../src/protocol/results.ts';
import { hasWholeSpectra } from '../../src/results/accumulator.ts';
import type { CellStatus, CellValue } from '../shared/heatmap.ts';
import { membersAt, type Column } from './columns.ts';
import type { Metric } from './metrics.ts';
import type { ComparisonModel, Pair } from './model.ts';

/** Ids of the figures whose cells say more than their value. */
export const SIZE = 'relativeUpdate';
export const MASK = 'principalLift';
export const ENERGY = 'jointRatio';

type Of = Pick<Metric, 'id' | 'get' | 'elementwise' | 'needsWhole'>;

/** A figure of one checkpoint alone is there whatever the other one holds. */
const isOfOneSide = (id: string): boolean => /^(base|tuned)\./.test(id);

/** One matrix. */
export function matrixCell(model: ComparisonModel, metric: Of, pair: Pair): CellValue {
  const status = model.status(pair, metric.elementwise);
  if (status !== 'done') return { status, value: null };
  const tensor = model.tensors.get(pair.name);
  if (!tensor) return { status: 'pending', value: null };
  const cell = tensorCell(metric, tensor);
  const isAwaited = metric.needsWhole && cell.status === 'done' && cell.value === null && !hasWholeSpectra(tensor);
  return isAwaited ? { status: 'pending', value: null } : cell;
}
export function tensorCell(metric: Of, tensor: ComparisonTensor): CellValue {
  const { metrics } = tensor;
  const value = metric.get(tensor);
  if (!isOfOneSide(metric.id)) {
    if (metrics.updateNorm === null) return { status: 'nan', value: null };
    if (metrics.updateNorm === 0) return { status: 'same', value: null };
  }
  return value === null ? { status: 'done', value } : { status: 'done', value, ...remarks(metric.id, metrics, value) };
}
/** What stands beside a value: how far it can be read, and a verdict. */
function remarks(id: string, metrics: ComparisonMetrics, value: number): Partial<CellValue> {
  switch (id) {
    case SIZE:
      return metrics.roundingFloor != null && value < metrics.roundingFloor ? { isBelow: true } : {};
    case ENERGY:
      return energyVerdict(metrics) === 'small' ? { isSmall: true } : {};
    case MASK: {
      const verdict = maskVerdict(metrics);
      if (verdict === 'on' || verdict === 'off') return { mark: verdict === 'on' ? '▴' : '▾' };
      return littleRoom(metrics) ? { isSmall: true } : {};
    }
    default:
      return {};
  }
}

/** Of several matrices the states that are told, the first that any of them has; a value goes before all. */
const TOLD: readonly CellStatus[] = ['pending', 'failed', 'nan', 'same', 'untouched', 'absent'];

/** All matrices of a cell. */
export function cellOf(model: ComparisonModel, metric: Of, layer: number, column: Column): CellValue {
  const members = membersAt(model, layer, column);
  if (!members.length) return { status: model.missing(layer, column.module), value: null };
  return joined(members.map((pair) => matrixCell(model, metric, pair)));
}
/** Matrices that share a cell, at least one: of several the median, and the largest beside it. */
export function joined(cells: readonly CellValue[]): CellValue {
  const [only] = cells;
  if (only && cells.length === 1) return only;
  const valued = cells.filter(({ status, value }) => status === 'done' && value !== null);
  const values = valued.flatMap(({ value }) => (value === null ? [] : [value]));
  const middle = median(values);
  if (middle === null) {
    const status = TOLD.find((told) => cells.some((cell) => cell.status === told)) ?? 'done';
    return { status, value: null };
  }
  const most = greatest(values);
  const half = valued.length / 2;
  return {
    status: 'done',
    value: middle,
    ...(most > middle ? { most } : {}),
    ...(valued.filter(({ isSmall }) => isSmall).length > half ? { isSmall: true } : {}),
    ...(valued.filter(({ isBelow }) => isBelow).length > half ? { isBelow: true } : {}),
  };
}

/** Three digits at most, as a cell of 27 pixels holds them; without a unit. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  const digits = size >= 9.95 ? 0 : size >= 0.995 ? 1 : size >= 0.0995 ? 2 : size >= 0.00995 ? 3 : null;
  const text = digits === null ? value.toExponential(0) : value.toFixed(digits);
  return text.replaceAll('-', '−');
}
