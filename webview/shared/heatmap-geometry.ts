/** What a heatmap shows, and where each of its parts lies. */
import type { Scale } from './heatmap-scale.ts';

/** `untouched`: of a matrix that the tuned side, an adapter, leaves as it is */
export type CellStatus = 'done' | 'pending' | 'failed' | 'absent' | 'untouched';
export interface CellValue {
  status: CellStatus;
  /** null: undefined for this matrix */
  value: number | null;
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
  mean: number;
  min: number;
  max: number;
}
export interface ProfileSeries {
  name?: string;
  mark: 'square' | 'circle';
  /** any CSS colour */
  colour: string;
  at(layer: number): LayerStat | null;
}
export interface Profile {
  title: string;
  scale: Scale;
  reference: number | null;
  ticks: number[];
  label(tick: number): string;
  series: ProfileSeries[];
}
export interface Cell {
  layer: number;
  module: string;
}
/** Sizes in CSS pixels. `head` and `foot` are the heights of the two sticky strips. */
export interface Geometry {
  width: number;
  panels: number;
  left: number;
  gap: number;
  profile: number;
  cellWidth: number;
  rowHeight: number;
  head: number;
  foot: number;
  upright: boolean;
}
export interface Grid {
  /** numbers of the layers that exist, ascending; one row each */
  layers: readonly number[];
  modules: string[];
  labels: string[];
}

const TITLE = 20;
/** Middle of the mean row within the foot. */
export const MEAN_LINE = 17;
/** An upright label is cut beyond this. */
export const LONGEST = 112;
/** Heights of rows up to 8 and up to 16 layers, and beyond. */
const rowHeight = (layers: number): number => (layers <= 8 ? 36 : layers <= 16 ? 24 : 14);

export function geometry(width: number, grid: Grid, panels: number, hasProfile: boolean, labelWidth: number): Geometry {
  const n = Math.max(1, panels);
  const left = 40;
  const gap = n > 1 ? 18 : 0;
  const profile = hasProfile && width >= 430 ? Math.round(Math.min(170, width * (n > 1 ? 0.2 : 0.27))) : 0;
  const room = width - left - gap * (n - 1) - (profile ? profile + 22 : 0);
  const cellWidth = Math.max(4, Math.min(96, room / Math.max(1, grid.modules.length * n)));
  const upright = labelWidth > cellWidth + 3;
  const head = (n > 1 || hasProfile ? TITLE : 0) + (upright ? Math.min(LONGEST, labelWidth) + 10 : 22);
  return {
    width,
    panels: n,
    left,
    gap,
    profile,
    cellWidth,
    rowHeight: rowHeight(grid.layers.length),
    head,
    foot: 32,
    upright,
  };
}
export const panelLeft = (g: Geometry, grid: Grid, panel: number): number =>
  g.left + panel * (g.gap + g.cellWidth * grid.modules.length);
/** The profile stands right of the last panel, also if the cells do not use the whole width. */
export const profileLeft = (g: Geometry, grid: Grid): number =>
  Math.min(g.width - g.profile, panelLeft(g, grid, g.panels - 1) + g.cellWidth * grid.modules.length + 22);
