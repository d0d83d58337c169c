/** What of a picture is shown, on which scale, and how one pixel reads. Numbers and words only. */
import type { Picture, PictureKind } from '../../../src/protocol/matrix.ts';
import { exact, integer, num, percent } from '../format.ts';
import type { Scale } from '../heatmap-scale.ts';
import { plural, t } from '../l10n.ts';
import { shortest } from '../value-text.ts';
import { pixelOf, pixelStart } from './viewport.ts';

/** `extreme`: of least and largest the one farther from 0, so that a single outlier stays visible. */
export type Statistic = 'mean' | 'extreme' | 'min' | 'max';
export const STATISTICS: readonly Statistic[] = ['mean', 'extreme', 'min', 'max'];
type Figures = Float32Array | Float64Array;

export const isShare = (kind: PictureKind): boolean => kind === 'changed';
const isSigned = (kind: PictureKind): boolean => kind === 'values' || kind === 'update';

export function shownOf(picture: Picture, statistic: Statistic): Figures {
  if (statistic !== 'extreme') return picture[statistic];
  const { min, max } = picture;
  return max.map((high, i) => (Math.abs(min[i] as number) > Math.abs(high) ? (min[i] as number) : high));
}

/** Share of pixels that the scale takes in unless all are asked for: a few outliers would wash out the rest. */
const CLIP = 0.995;
/** So many values tell a quantile well enough. */
const SAMPLE = 50_000;

export interface Scaling {
  scale: Scale;
  /** pixels beyond its ends, drawn in the colour of the end */
  beyond: number;
}
/** Symmetric for signed values, from 0 for magnitudes and shares. */
export function scalingOf(kind: PictureKind, shown: Figures, isFull: boolean): Scaling {
  const every = Math.max(1, Math.floor(shown.length / SAMPLE));
  const sizes: number[] = [];
  let most = 0;
  for (let i = 0; i < shown.length; i++) {
    const size = Math.abs(shown[i] as number);
    if (!(size < Infinity)) continue;
    if (size > most) most = size;
    if (i % every === 0) sizes.push(size);
  }
  sizes.sort((a, b) => a - b);
  const clipped = sizes[Math.floor(CLIP * (sizes.length - 1))] ?? most;
  const hi = (isFull || clipped === 0 ? most : clipped) || 1;
  let beyond = 0;
  for (const value of shown) if (Math.abs(value) > hi) beyond++;
  return { scale: isSigned(kind) ? { kind: 'div', hi } : { kind: 'lin', lo: 0, hi }, beyond };
}

/** How a figure of this kind is written. */
export const figure = (kind: PictureKind, value: number): string =>
  Number.isNaN(value) ? 'NaN' : isShare(kind) ? percent(value) : num(value);

export function kindName(kind: PictureKind): string {
  switch (kind) {
    case 'values':
      return t('Values');
    case 'magnitude':
      return t('|Values|');
    case 'update':
      return t('D = W₁ − W₀');
    case 'changed':
      return t('Change Mask');
  }
}
export function statisticName(statistic: Statistic): string {
  switch (statistic) {
    case 'mean':
      return t('Mean');
    case 'extreme':
      return t('Extremes');
    case 'min':
      return t('Minimum');
    case 'max':
      return t('Maximum');
  }
}

export interface Spot {
  x: number;
  y: number;
  rows: [number, number];
  columns: [number, number];
}
/** The pixel that covers a weight, and what else it covers; null outside the picture. */
export function spotOf(picture: Picture, row: number, column: number): Spot | null {
  const [row0, row1] = picture.rows;
  const [column0, column1] = picture.columns;
  if (row < row0 || row >= row1 || column < column0 || column >= column1) return null;
  const R = row1 - row0;
  const C = column1 - column0;
  const y = pixelOf(row - row0, R, picture.height);
  const x = pixelOf(column - column0, C, picture.width);
  return {
    x,
    y,
    rows: [row0 + pixelStart(y, R, picture.height), row0 + pixelStart(y + 1, R, picture.height)],
    columns: [column0 + pixelStart(x, C, picture.width), column0 + pixelStart(x + 1, C, picture.width)],
  };
}
const span = ([from, to]: [number, number]): string =>
  to - from === 1 ? integer(from) : `${integer(from)}–${integer(to - 1)}`;

/** "rows 12–15, columns 3–4: mean ..., least ..., largest ..., 8 weights", or one weight with its value. */
export function pixelReading(picture: Picture, spot: Spot): string {
  const at = spot.y * picture.width + spot.x;
  const { kind } = picture;
  const count = (spot.rows[1] - spot.rows[0]) * (spot.columns[1] - spot.columns[0]);
  const mean = picture.mean[at] ?? NaN;
  const bad = picture.notFinite?.[at] ?? 0;
  if (count === 1) {
    const index = `[${spot.rows[0]}, ${spot.columns[0]}]`;
    if (bad) return t('{0}: not finite', index);
    if (kind === 'changed') return mean ? t('{0}: changed', index) : t('{0}: unchanged', index);
    return `${index}: ${picture.mean instanceof Float64Array ? exact(mean) : shortest('F32', mean)}`;
  }
  const where = t('rows {0}, columns {1}', span(spot.rows), span(spot.columns));
  const of = plural(count, '{0} weight', '{0} weights', integer(count));
  if (bad === count) return `${where}: ${t('none of {0} is finite', of)}`;
  const lost = bad ? `, ${t('{0} not finite', integer(bad))}` : '';
  if (kind === 'changed') return `${where}: ${t('{0} changed of {1}', percent(mean), of)}${lost}`;
  const [least, largest] = [picture.min[at] ?? NaN, picture.max[at] ?? NaN];
  const figures = t('mean {0}, least {1}, largest {2}', figure(kind, mean), figure(kind, least), figure(kind, largest));
  return `${where}: ${figures}, ${of}${lost}`;
}

/** How many weights of a picture are NaN or infinite, the share of its pixels that hold one, and whether there are no others. */
export function lostOf({ notFinite, mean }: Picture): { weights: number; share: number; isAll: boolean } {
  let [weights, pixels] = [0, 0];
  for (const count of notFinite ?? []) {
    weights += count;
    if (count > 0) pixels++;
  }
  const isAll = weights > 0 && mean.every((value: number) => Number.isNaN(value));
  return { weights, share: pixels / Math.max(1, mean.length), isAll };
}

/** "a pixel covers 7 × 4 weights", or that every weight has one of its own. */
export function coverage(picture: Picture): string {
  const each = (lines: number, pixels: number): string => {
    const low = Math.floor(lines / pixels);
    return lines % pixels === 0 ? integer(low) : `${integer(low)}–${integer(low + 1)}`;
  };
  const rows = picture.rows[1] - picture.rows[0];
  const columns = picture.columns[1] - picture.columns[0];
  if (rows === picture.height && columns === picture.width) return t('every weight is drawn by itself');
  return t('a pixel covers {0} × {1} weights', each(rows, picture.height), each(columns, picture.width));
}
