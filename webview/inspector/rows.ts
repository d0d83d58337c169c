/** The tensor table as a list of lines: groups by layer, or one flat sorted list. Pure: the table draws what it is given. */
import type { TensorRow } from '../../src/protocol/engine.ts';

/** Names come from the file and may be megabytes long. */
const MAX_LABEL = 300;

export interface Row {
  tensor: TensorRow;
  /** within its layer */
  label: string;
  group: string;
  /** for the filter */
  lower: string;
  weights: number;
}
export type Line = { kind: 'group'; group: string; count: number; weights: number } | { kind: 'tensor'; row: Row };
export type SortKey = 'name' | 'shape' | 'dtype' | 'weights' | 'distribution' | 'std' | 'spectrum' | 'stableRank';
export interface Sort {
  key: SortKey;
  direction: 1 | -1;
}
/** Figures that come later; null until they are there. */
export interface Figures {
  std(name: string): number | null;
  spectralNorm(name: string): number | null;
  stableRank(name: string): number | null;
}

const clip = (text: string): string => (text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL)}…` : text);

/** A header entry as a line of the table. */
export function describe(tensor: TensorRow): Row {
  return {
    tensor,
    label: clip(labelOf(tensor)),
    group: groupOf(tensor),
    lower: tensor.name.toLowerCase(),
    weights: tensor.missing ? 0 : tensor.shape.reduce((product, side) => product * side, 1),
  };
}
function labelOf({ name, layer, module }: TensorRow): string {
  if (layer === null) return name.replace(/^model\./, '').replace(/\.weight$/, '');
  // Experts drop their number in `module`; only the name tells them apart.
  const expert = /\bexperts\.\d+\..*/.exec(name);
  if (!expert) return module;
  const before = name.slice(0, expert.index).split('.');
  const at = before.indexOf(String(layer));
  return [...(at < 0 ? [] : before.slice(at + 1, -1)), expert[0]].join('.').replace(/\.weight$/, '');
}
function groupOf({ layer, role }: TensorRow): string {
  if (layer !== null) return `Layer ${layer}`;
  switch (role) {
    case 'embedding':
      return 'Embedding';
    case 'head':
    case 'norm':
      return 'Output';
    case 'bookkeeping':
      return 'Bookkeeping';
    case 'block':
    case 'other':
      return 'Other';
  }
}
const FIRST = ['Embedding'];
const LAST = ['Output', 'Other', 'Bookkeeping'];
/** Embedding, layers in their order, the rest. */
function groupRank(row: Row): number {
  if (row.tensor.layer !== null) return row.tensor.layer;
  return FIRST.includes(row.group) ? -1 : 1e10 + LAST.indexOf(row.group);
}

export const matching = (rows: readonly Row[], filter: string): readonly Row[] => {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length ? rows.filter((row) => words.every((word) => row.lower.includes(word))) : rows;
};

/** Groups by layer; the lines of closed groups are left out. */
export function grouped(rows: readonly Row[], closed: ReadonlySet<string>): Line[] {
  const groups = new Map<string, { rank: number; rows: Row[]; weights: number }>();
  for (const row of rows) {
    let found = groups.get(row.group);
    if (!found) groups.set(row.group, (found = { rank: groupRank(row), rows: [], weights: 0 }));
    found.rows.push(row);
    found.weights += row.weights;
  }
  const lines: Line[] = [];
  for (const [group, found] of [...groups].sort((a, b) => a[1].rank - b[1].rank)) {
    lines.push({ kind: 'group', group, count: found.rows.length, weights: found.weights });
    if (!closed.has(group)) for (const row of found.rows) lines.push({ kind: 'tensor', row });
  }
  return lines;
}

type Value = number | string | null;
function sortValue(row: Row, key: SortKey, figures: Figures): Value {
  const { tensor } = row;
  switch (key) {
    case 'name':
      return row.lower;
    case 'shape':
      return tensor.missing ? null : (tensor.shape[0] ?? 0);
    case 'dtype':
      return tensor.dtype;
    case 'weights':
      return tensor.missing ? null : row.weights;
    case 'distribution':
    case 'std':
      return figures.std(tensor.name);
    case 'spectrum':
      return figures.spectralNorm(tensor.name);
    case 'stableRank':
      return figures.stableRank(tensor.name);
  }
}
/** One flat list. What has no value yet stays at the end, whichever the direction; ties keep the order of the file. */
export function sorted(rows: readonly Row[], sort: Sort, figures: Figures): Line[] {
  const collator = new Intl.Collator('en', { numeric: true });
  const compare = (a: Value, b: Value): number => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const order = typeof a === 'string' && typeof b === 'string' ? collator.compare(a, b) : a < b ? -1 : a > b ? 1 : 0;
    return order * sort.direction;
  };
  return rows
    .map((row) => ({ row, value: sortValue(row, sort.key, figures) }))
    .sort((a, b) => compare(a.value, b.value))
    .map(({ row }) => ({ kind: 'tensor', row }));
}
/** The line of a tensor, or of its closed group; -1 where the filter hides it. */
export function lineOf(lines: readonly Line[], row: Row): number {
  const own = lines.findIndex((line) => line.kind === 'tensor' && line.row === row);
  return own >= 0 ? own : lines.findIndex((line) => line.kind === 'group' && line.group === row.group);
}
