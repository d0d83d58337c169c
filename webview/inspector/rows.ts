/** The tensor table as a list of lines: groups by layer, or one flat sorted list. Pure: the table draws what it is given. */
import type { TensorRow } from '../../src/protocol/engine.ts';
import type { ElementStats, SpectrumMetrics } from '../../src/protocol/results.ts';
import { labelInLayer } from '../../src/families/columns.ts';
import type { Outlier } from './find/outliers.ts';
import { t } from '../shared/l10n.ts';
import { elementCount } from '../../src/protocol/lists.ts';

/** Names come from the file and may be megabytes long. */
const MAX_LABEL = 300;

export interface Row {
  tensor: TensorRow;
  /** within its layer */
  readonly label: string;
  group: string;
  /** for the filter */
  lower: string;
  weights: number;
}
export type Line =
  | { kind: 'group'; group: string; count: number; weights: number }
  | { kind: 'tensor'; row: Row; outlier?: Outlier<Row> };
export type MetricId = keyof ElementStats | keyof SpectrumMetrics;
export const FACT_KEYS = ['name', 'shape', 'dtype', 'weights'] as const;
export type FactKey = (typeof FACT_KEYS)[number];
export type SortKey = FactKey | MetricId;
export interface Sort {
  key: SortKey;
  direction: 1 | -1;
}
export type Grouping = 'layer' | 'module' | 'none';
/** A figure of a tensor; null or undefined if there is none (yet). */
export type Figure = (row: Row, metric: MetricId) => number | null | undefined;

const clip = (text: string): string => (text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL)}…` : text);

/** Header entries as lines of the table. What only the rows in view need is worked out when they come there. */
export function described(tensors: readonly TensorRow[]): Row[] {
  // translated once a layer, not once a tensor
  const layers = new Map<number, string>();
  const groupOf = (tensor: TensorRow): string => {
    const { layer } = tensor;
    if (layer === null) return groupOutside(tensor);
    let name = layers.get(layer);
    if (name === undefined) layers.set(layer, (name = t('Layer {0}', layer)));
    return name;
  };
  return tensors.map((tensor) => ({
    tensor,
    get label() {
      return clip(labelInLayer(tensor));
    },
    group: groupOf(tensor),
    lower: tensor.name.toLowerCase(),
    weights: tensor.missing ? 0 : elementCount(tensor.shape),
  }));
}
/** Orders as people count: "layer.2" before "layer.10". */
const natural = (name: string): string =>
  name
    .slice(0, MAX_LABEL)
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.padStart(12, '0'));
function groupOutside({ role }: TensorRow): string {
  switch (role) {
    case 'embedding':
      return t('Embedding');
    case 'head':
    case 'norm':
      return t('Output');
    case 'bookkeeping':
      return t('Bookkeeping');
    case 'block':
    case 'other':
      return t('Other');
  }
}
const FIRST = [t('Embedding')];
const LAST = [t('Output'), t('Other'), t('Bookkeeping')];
/** Embedding, layers in their order, the rest. */
function groupRank(row: Row): number {
  if (row.tensor.layer !== null) return row.tensor.layer;
  return FIRST.includes(row.group) ? -1 : 1e10 + LAST.indexOf(row.group);
}

export const groupNameOf = (row: Row, grouping: Grouping): string =>
  grouping === 'module' ? row.tensor.module.slice(0, MAX_LABEL) : row.group;

/** Groups by layer or by module, or none; the lines of closed groups are left out. */
export function grouped(rows: readonly Row[], closed: ReadonlySet<string>, grouping: Grouping = 'layer'): Line[] {
  if (grouping === 'none') return rows.map((row) => ({ kind: 'tensor', row }));
  const groups = new Map<string, { rank: number; rows: Row[]; weights: number }>();
  for (const row of rows) {
    const name = groupNameOf(row, grouping);
    let found = groups.get(name);
    // modules in the order of the file, what lies outside the layers first or last as there
    const rank = grouping === 'layer' || row.tensor.layer === null ? groupRank(row) : 0;
    if (!found) groups.set(name, (found = { rank, rows: [], weights: 0 }));
    found.rows.push(row);
    found.weights += row.weights;
  }
  const lines: Line[] = [];
  for (const [group, found] of [...groups].sort((a, b) => a[1].rank - b[1].rank)) {
    lines.push({ kind: 'group', group, count: found.rows.length, weights: found.weights });
    if (closed.has(group)) continue;
    // files store layers as text sorts them: 0, 1, 10, 11, 2
    if (grouping === 'module') found.rows.sort((a, b) => (a.tensor.layer ?? -1) - (b.tensor.layer ?? -1));
    for (const row of found.rows) lines.push({ kind: 'tensor', row });
  }
  return lines;
}

type Value = number | string | null | undefined;
function sortValue(row: Row, key: SortKey, figure: Figure): Value {
  const { tensor } = row;
  switch (key) {
    case 'name':
      return natural(tensor.name);
    case 'shape':
      return tensor.missing ? null : (tensor.shape[0] ?? 0);
    case 'dtype':
      return tensor.dtype;
    case 'weights':
      return tensor.missing ? null : row.weights;
    default:
      return figure(row, key);
  }
}
/** One flat list. What has no value (yet) stays at the end, whichever the direction; ties keep the order of the file. */
export function sorted(rows: readonly Row[], sort: Sort, figure: Figure): Row[] {
  const compare = (a: Value, b: Value): number => {
    if (a == null || b == null) return a == null ? (b == null ? 0 : 1) : -1;
    return (a < b ? -1 : a > b ? 1 : 0) * sort.direction;
  };
  return rows
    .map((row) => ({ row, value: sortValue(row, sort.key, figure) }))
    .sort((a, b) => compare(a.value, b.value))
    .map(({ row }) => row);
}
/** The line of a tensor, or of its closed group; -1 if the filter hides it. */
export function lineOf(lines: readonly Line[], row: Row, grouping: Grouping = 'layer'): number {
  const own = lines.findIndex((line) => line.kind === 'tensor' && line.row === row);
  if (own >= 0) return own;
  const group = groupNameOf(row, grouping);
  return lines.findIndex((line) => line.kind === 'group' && line.group === group);
}
