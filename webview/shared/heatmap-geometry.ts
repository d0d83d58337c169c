/** What a heatmap shows, and where each of its parts lies. Pure. */
import type { Scale } from './heatmap-scale.ts';

/**
 * `absent`: there is no such matrix, or one side has none; `untouched`: the tuned side, an adapter, leaves it as it is; `same`: nothing
 * differs; `reshaped`: the two sides have different shapes; `nan`: a side holds NaN or infinity
 */
export type CellStatus = 'done' | 'pending' | 'failed' | 'absent' | 'untouched' | 'same' | 'reshaped' | 'nan';
export interface CellValue {
  status: CellStatus;
  /** null: undefined for this matrix */
  value: number | null;
  /** of several matrices in the cell: the largest, if that is not the value */
  most?: number | null;
  /** noise alone swings by more than what is shown: on hatch */
  isSmall?: boolean;
  /** smaller than one rounding */
  isBelow?: boolean;
  /** a verdict beside the value */
  mark?: '▴' | '▾';
}
export interface Panel {
  title: string;
  sub: string;
  scale: Scale;
  cell(layer: number, module: string): CellValue;
  /** what a cell says; a short number by default */
  text?(value: number): string;
}
export interface LayerStat {
  middle: number;
  min: number;
  max: number;
}
export type ProfileMark = 'circle' | 'square' | 'diamond' | 'up' | 'down' | 'none';
export interface ProfileSeries {
  name?: string;
  /** none: a dotted line, for what noise gives */
  mark: ProfileMark;
  /** any CSS colour */
  colour: string;
  /** of the line between the layers; whole by default */
  dash?: readonly number[];
  at(layer: number): LayerStat | null;
  /** one dot a matrix, so that a few of them show */
  points?(layer: number): readonly number[];
}
export interface Profile {
  title: string;
  scale: Scale;
  reference: number | null;
  ticks: number[];
  label(tick: number): string;
  series: ProfileSeries[];
  /** shaded: what is like the reference */
  band?: readonly [number, number] | null;
  /** shaded below it */
  floor?: number | null;
}
export interface Cell {
  layer: number;
  module: string;
}
/** Layers from and to, both of them in it. */
export interface LayerRange {
  from: number;
  to: number;
}
/** Sizes in CSS pixels. `width` and `height` are of what is in view; head, foot, labels and profile stay there. */
export interface Geometry {
  width: number;
  height: number;
  panels: number;
  left: number;
  gap: number;
  /** 0: there is none */
  profile: number;
  /** where each column of a panel begins, and where the last one ends */
  edges: readonly number[];
  rowHeight: number;
  head: number;
  foot: number;
  upright: boolean;
  /** what there is to scroll over */
  contentWidth: number;
  contentHeight: number;
}
export interface Grid {
  /** numbers of the layers that exist, ascending; one row each */
  layers: readonly number[];
  modules: string[];
  labels: string[];
  /** widths beside each other; 1 each by default */
  weights?: readonly number[];
}

export const TITLE_ROW = 22;
const LABEL_ROW = 20;
const FOOT = 22;
const LEFT = 50;
const GAP = 14;
export const LEAST_ROW = 13;
/** Columns are this wide at least, and of a great many this. */
const LEAST_COLUMN = 14;
const LEAST_OF_MANY = 4;
const MANY = 48;
/** An upright label is cut beyond this. */
export const LONGEST = 112;
/** Heights of rows that do not stretch: up to 8 and up to 16 layers, and beyond. */
const naturalRow = (layers: number): number => (layers <= 8 ? 36 : layers <= 16 ? 24 : 14);
const profileWidth = (width: number): number => (width < 560 ? 96 : width < 800 ? 130 : 190);

export interface Room {
  width: number;
  /** rows stretch over it; null: as high as their number makes it */
  height: number | null;
  panels: number;
  hasProfile: boolean;
  /** of the widest label */
  labelWidth: number;
}
export function geometry({ width, height, panels, hasProfile, labelWidth }: Room, grid: Grid): Geometry {
  const n = Math.max(1, panels);
  const profile = hasProfile && width >= 300 ? profileWidth(width) : 0;
  const room = (width - LEFT - GAP * (n - 1) - (profile ? profile + GAP : 0)) / n;
  const edges = edgesOf(grid, room);
  const narrowest = edges.slice(1).reduce((least, edge, i) => Math.min(least, edge - (edges[i] ?? 0)), Infinity);
  const upright = labelWidth > narrowest - 2 && !grid.weights;
  const head = TITLE_ROW + (upright ? Math.min(LONGEST, labelWidth) + 10 : LABEL_ROW);
  const rows = Math.max(1, grid.layers.length);
  const rowHeight = height === null ? naturalRow(rows) : Math.max(LEAST_ROW, Math.floor((height - head - FOOT) / rows));
  const contentHeight = head + rowHeight * grid.layers.length + FOOT;
  const cells = n * (edges.at(-1) ?? 0) + GAP * (n - 1);
  return {
    width,
    height: height ?? contentHeight,
    panels: n,
    left: LEFT,
    gap: GAP,
    profile,
    edges,
    rowHeight,
    head,
    foot: FOOT,
    upright,
    // not by a rounding error wider than what is in view
    contentWidth: Math.max(width, Math.round(LEFT + cells + (profile ? profile + GAP : 0))),
    contentHeight,
  };
}
function edgesOf(grid: Grid, room: number): number[] {
  const weights = grid.modules.map((_, i) => grid.weights?.[i] ?? 1);
  const sum = weights.reduce((a, b) => a + b, 0);
  const least = grid.modules.length > MANY ? LEAST_OF_MANY : LEAST_COLUMN;
  const edges = [0];
  for (const weight of weights) edges.push((edges.at(-1) ?? 0) + Math.max(least, (room * weight) / sum));
  return edges;
}
export const columnWidth = ({ edges }: Geometry, column: number): number =>
  (edges[column + 1] ?? 0) - (edges[column] ?? 0);
export const panelWidth = ({ edges }: Geometry): number => edges.at(-1) ?? 0;
/** Before scrolling. */
export const columnLeft = (g: Geometry, panel: number, column: number): number =>
  g.left + panel * (g.gap + panelWidth(g)) + (g.edges[column] ?? 0);
/** Width of the cells in view, of all panels. */
export function cellsWidth(g: Geometry): number {
  const all = g.panels * panelWidth(g) + g.gap * (g.panels - 1);
  return Math.max(0, Math.min(all, g.width - g.left - (g.profile ? g.profile + g.gap : 0)));
}
/** The profile stays in view, right of the cells. */
export const profileLeft = (g: Geometry): number => g.left + cellsWidth(g) + g.gap;
/** Where the rows in view end and the foot begins. */
export const footTop = (g: Geometry): number => Math.min(g.contentHeight, g.height) - g.foot;

/** Index of the column at x pixels from the left of a panel; -1 beyond its columns. */
export function columnAt({ edges }: Geometry, x: number): number {
  if (x < 0 || x >= (edges.at(-1) ?? 0)) return -1;
  let [lo, hi] = [0, edges.length - 1];
  while (hi - lo > 1) {
    const middle = (lo + hi) >> 1;
    if ((edges[middle] ?? 0) <= x) lo = middle;
    else hi = middle;
  }
  return lo;
}
/** Rows and columns in view, from and up to. */
export interface Window {
  rows: readonly [number, number];
  columns(panel: number): readonly [number, number];
}
export function inView(g: Geometry, grid: Grid, scroll: { x: number; y: number }): Window {
  const clamp = (v: number, most: number): number => Math.max(0, Math.min(most, v));
  const { length: rows } = grid.layers;
  const { length: columns } = grid.modules;
  const shown = footTop(g) - g.head;
  return {
    rows: [clamp(Math.floor(scroll.y / g.rowHeight), rows), clamp(Math.ceil((scroll.y + shown) / g.rowHeight), rows)],
    columns: (panel) => {
      const from = scroll.x - panel * (g.gap + panelWidth(g));
      const to = from + cellsWidth(g);
      if (to <= 0 || from >= panelWidth(g)) return [0, 0];
      const last = columnAt(g, to);
      return [Math.max(0, columnAt(g, from)), last < 0 ? columns : last + 1];
    },
  };
}
