/** The profile at the heatmap's right, on the heatmap's own rows: median and range of each layer, a dot a matrix, and what noise gives. */
import { rowsOf } from './heatmap-brush.ts';
import {
  footTop,
  inView,
  profileLeft,
  TITLE_ROW,
  type Geometry,
  type Grid,
  type Profile,
  type ProfileSeries,
} from './heatmap-geometry.ts';
import type { Brush, Look } from './heatmap-paint.ts';
import { isDiverging, outward, toUnit } from './heatmap-scale.ts';
import { css, rgb } from './scales.ts';
import { t } from './l10n.ts';

const PAD = 8;
/** Dots of one layer that are drawn: more of them could not be told apart. */
const MOST_POINTS = 120;
/** Ticks that are no end are named from this width on. */
const ROOM_FOR_ALL = 150;

/** Title, and what each mark means. */
export function paintProfileHead(b: Brush, g: Geometry, profile: Profile): void {
  const x0 = profileLeft(g);
  b.font(12, '600');
  b.c.fillStyle = b.foreground;
  b.text(profile.title, x0, TITLE_ROW / 2, 'left');
  b.font(11);
  const y = g.head - 10;
  let x = x0;
  const names = profile.series.flatMap((series) => (series.name ? [{ series, name: series.name }] : []));
  for (const { series, name } of names) {
    const width = b.c.measureText(name).width;
    if (x + 12 + width > x0 + g.profile) return;
    b.c.strokeStyle = b.c.fillStyle = css(rgb(series.colour));
    if (series.mark === 'none') {
      b.c.lineWidth = 1.5;
      b.c.setLineDash([2, 3]);
      b.c.beginPath();
      b.c.moveTo(x, y);
      b.c.lineTo(x + 9, y);
      b.c.stroke();
      b.c.setLineDash([]);
    } else mark(b, series, x + 4, y, 3);
    b.c.fillStyle = b.quiet;
    b.text(name, x + 12, y, 'left');
    x += width + 20;
  }
  const each = t('· each');
  if (profile.series.some((series) => series.points) && x + b.c.measureText(each).width < x0 + g.profile)
    b.text(each, x, y, 'left');
}
function mark(b: Brush, { mark: kind }: ProfileSeries, x: number, y: number, r: number): void {
  b.c.beginPath();
  switch (kind) {
    case 'square':
      b.c.rect(x - r + 0.5, y - r + 0.5, 2 * r - 1, 2 * r - 1);
      break;
    case 'diamond':
      polygon(b, [x, y - r - 1], [x + r + 1, y], [x, y + r + 1], [x - r - 1, y]);
      break;
    case 'up':
      polygon(b, [x, y - r], [x + r, y + r], [x - r, y + r]);
      break;
    case 'down':
      polygon(b, [x, y + r], [x + r, y - r], [x - r, y - r]);
      break;
    case 'circle':
    case 'none':
      b.c.arc(x, y, r, 0, 7);
  }
  b.c.fill();
}
function polygon(b: Brush, [x, y]: readonly [number, number], ...rest: (readonly [number, number])[]): void {
  b.c.moveTo(x, y);
  for (const [px, py] of rest) b.c.lineTo(px, py);
}
function profileX(g: Geometry, profile: Profile, value: number): number {
  const at = toUnit(profile.scale, value);
  const unit = isDiverging(profile.scale) ? (at + 1) / 2 : at;
  return profileLeft(g) + PAD + Math.max(0, Math.min(1, unit)) * (g.profile - 2 * PAD);
}

/** Drawn where the rows are drawn, before they are scrolled. */
export function paintProfile(b: Brush, g: Geometry, grid: Grid, profile: Profile, look: Look): void {
  const height = grid.layers.length * g.rowHeight;
  const x = (value: number): number => profileX(g, profile, value);
  paintShades(b, g, grid, profile, look, height);
  for (const tick of profile.ticks) {
    const isReference = tick === profile.reference;
    b.c.globalAlpha = isReference ? 0.8 : look.isHighContrast ? 0.35 : 1;
    upright(b, x(tick), g.head, height, isReference ? b.foreground : b.rule);
  }
  b.c.globalAlpha = 1;
  const [from, to] = inView(g, grid, look.scroll).rows;
  const rows = grid.layers.slice(from, to);
  for (const series of profile.series) paintSeries(b, g, profile, series, rows, from);
}
function upright(b: Brush, at: number, top: number, height: number, colour: string): void {
  const x = Math.round(at) + 0.5;
  b.c.lineWidth = 1;
  b.c.strokeStyle = colour;
  b.c.beginPath();
  b.c.moveTo(x, top);
  b.c.lineTo(x, top + height);
  b.c.stroke();
}
/** What is like noise, what is under one rounding, and the layers that are picked. */
function paintShades(b: Brush, g: Geometry, grid: Grid, profile: Profile, look: Look, height: number): void {
  const x = (value: number): number => profileX(g, profile, value);
  const left = profileLeft(g);
  const picked = look.range && rowsOf(grid.layers, look.range);
  if (picked) {
    const [first, last] = picked;
    b.c.fillStyle = b.hover;
    b.c.fillRect(left, g.head + first * g.rowHeight, g.profile, (last - first + 1) * g.rowHeight);
  }
  b.c.fillStyle = b.track;
  if (profile.band) {
    const [lo, hi] = profile.band;
    b.c.fillRect(x(lo), g.head, x(hi) - x(lo), height);
  }
  if (profile.floor != null && profile.floor > 0) {
    b.c.fillRect(left, g.head, x(profile.floor) - left, height);
    b.c.setLineDash([4, 3]);
    upright(b, x(profile.floor), g.head, height, b.foreground);
    b.c.setLineDash([]);
  }
  if (!picked) return;
  const [first, last] = picked;
  b.c.lineWidth = 1;
  b.c.strokeStyle = b.focus;
  const [y, rows] = [g.head + first * g.rowHeight, last - first + 1];
  b.c.strokeRect(left + 0.5, y + 0.5, g.profile - 1, rows * g.rowHeight - 1);
}
function paintSeries(
  b: Brush,
  g: Geometry,
  profile: Profile,
  series: ProfileSeries,
  layers: readonly number[],
  first: number,
): void {
  const { c } = b;
  const x = (value: number): number => profileX(g, profile, value);
  const y = (row: number): number => g.head + (first + row + 0.5) * g.rowHeight;
  const stats = layers.map((layer) => series.at(layer));
  c.strokeStyle = c.fillStyle = css(rgb(series.colour));
  const isMarked = series.mark !== 'none';
  if (isMarked) {
    c.lineWidth = 1;
    c.globalAlpha = 0.6;
    c.beginPath();
    stats.forEach((stat, row) => {
      if (!stat) return;
      c.moveTo(x(stat.min), y(row));
      c.lineTo(x(stat.max), y(row));
    });
    c.stroke();
    c.globalAlpha = 0.75;
    const r = Math.min(2, g.rowHeight / 6);
    layers.forEach((layer, row) => {
      for (const value of (series.points?.(layer) ?? []).slice(0, MOST_POINTS)) {
        c.beginPath();
        c.arc(x(value), y(row), r, 0, 7);
        c.fill();
      }
    });
    c.globalAlpha = 1;
  }
  c.setLineDash([...(series.dash ?? (isMarked ? [] : [2, 3]))]);
  c.lineWidth = 1.5;
  c.beginPath();
  let pen = false;
  stats.forEach((stat, row) => {
    if (stat) c[pen ? 'lineTo' : 'moveTo'](x(stat.middle), y(row));
    pen = stat !== null;
  });
  c.stroke();
  c.setLineDash([]);
  if (!isMarked) return;
  const r = Math.min(3.5, g.rowHeight / 4);
  stats.forEach((stat, row) => {
    if (!stat) return;
    const beyond = outward(profile.scale, stat.middle);
    const at = x(stat.middle);
    if (!beyond) return mark(b, series, at, y(row), r);
    // an arrow: the value lies past the end
    c.beginPath();
    c.moveTo(at + beyond * (r + 1.5), y(row));
    c.lineTo(at - beyond * r, y(row) - r);
    c.lineTo(at - beyond * r, y(row) + r);
    c.fill();
  });
}

/** Ticks of the axis, below: both ends and the reference, the others if there is room. */
export function paintProfileTicks(b: Brush, g: Geometry, profile: Profile): void {
  const y = footTop(g) + g.foot / 2;
  const last = profile.ticks.length - 1;
  b.font(11);
  b.c.fillStyle = b.quiet;
  const left = profileLeft(g);
  // ends first: they are never left out
  const taken: [number, number][] = [];
  const order = [0, last, ...profile.ticks.keys()].filter((i, at, all) => all.indexOf(i) === at);
  for (const i of order) {
    const tick = profile.ticks[i];
    if (tick === undefined) continue;
    const isEnd = i === 0 || i === last;
    if (!isEnd && g.profile < ROOM_FOR_ALL && tick !== profile.reference) continue;
    const label = profile.label(tick);
    const half = b.c.measureText(label).width / 2;
    const at = Math.max(left + half, Math.min(left + g.profile - half, profileX(g, profile, tick)));
    if (taken.some(([from, to]) => at - half < to + 6 && at + half > from - 6)) continue;
    taken.push([at - half, at + half]);
    b.text(label, at, y);
  }
}
