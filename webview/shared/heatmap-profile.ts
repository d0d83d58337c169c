/** The profile at the heatmap's right: mean and range of each layer on the heatmap's own rows. */
import {
  MEAN_LINE,
  profileLeft,
  type Geometry,
  type Grid,
  type LayerStat,
  type Profile,
  type ProfileSeries,
} from './heatmap-geometry.ts';
import type { Brush } from './heatmap-paint.ts';
import { isDiverging, outward, toUnit } from './heatmap-scale.ts';
import { css, rgb } from './scales.ts';

/** Title and names of the lines, above. */
export function paintProfileHead(b: Brush, g: Geometry, grid: Grid, profile: Profile): void {
  const x0 = profileLeft(g, grid);
  b.c.fillStyle = b.foreground;
  b.font(12, g.panels > 1 ? '600' : '');
  b.text(profile.title, x0, 9, 'left');
  b.font(11);
  const named = profile.series.filter((s) => s.name);
  named.forEach((series, index) => {
    const first = firstStat(series, grid.layers);
    if (!first || !series.name) return;
    b.c.fillStyle = css(rgb(series.colour));
    const wanted = profileX(g, grid, profile, first.mean);
    // two labels never share a place: the first keeps to the left half, the last to the right one
    const half = x0 + g.profile / 2;
    const x = named.length < 2 ? wanted : index === 0 ? Math.min(wanted, half - 2) : Math.max(wanted, half + 16);
    b.text(series.name, Math.max(x0 + 14, Math.min(x0 + g.profile - 20, x)), g.head - 11);
  });
}
function firstStat(series: ProfileSeries, layers: readonly number[]): LayerStat | null {
  for (const layer of layers) {
    const stat = series.at(layer);
    if (stat) return stat;
  }
  return null;
}
function profileX(g: Geometry, grid: Grid, profile: Profile, value: number): number {
  const t = toUnit(profile.scale, value);
  const unit = isDiverging(profile.scale) ? (t + 1) / 2 : t;
  const x0 = profileLeft(g, grid);
  return x0 + Math.max(0, Math.min(1, unit)) * (g.profile - 6);
}

export function paintProfile(b: Brush, g: Geometry, grid: Grid, profile: Profile, highContrast: boolean): void {
  const c = b.c;
  const height = grid.layers.length * g.rowHeight;
  const rowY = (l: number): number => (l + 0.5) * g.rowHeight;
  for (const tick of profile.ticks) {
    const x = Math.round(profileX(g, grid, profile, tick)) + 0.5;
    const isReference = tick === profile.reference;
    c.lineWidth = 1;
    c.strokeStyle = isReference ? b.foreground : b.rule;
    c.globalAlpha = !isReference && highContrast ? 0.35 : 0.8;
    c.beginPath();
    c.moveTo(x, 0);
    c.lineTo(x, height);
    c.stroke();
  }
  c.globalAlpha = 1;
  for (const series of profile.series) {
    const stats = grid.layers.map((layer) => series.at(layer));
    c.strokeStyle = css(rgb(series.colour));
    c.fillStyle = c.strokeStyle;
    c.lineWidth = 1;
    c.globalAlpha = 0.55;
    c.beginPath();
    stats.forEach((stat, l) => {
      if (!stat) return;
      c.moveTo(profileX(g, grid, profile, stat.min), rowY(l));
      c.lineTo(profileX(g, grid, profile, stat.max), rowY(l));
    });
    c.stroke();
    c.globalAlpha = 1;
    c.lineWidth = 1.5;
    c.beginPath();
    let pen = false;
    stats.forEach((stat, l) => {
      if (stat) c[pen ? 'lineTo' : 'moveTo'](profileX(g, grid, profile, stat.mean), rowY(l));
      pen = stat !== null;
    });
    c.stroke();
    const r = g.rowHeight > 14 ? 3.5 : 2.5;
    stats.forEach((stat, l) => {
      if (!stat) return;
      const x = profileX(g, grid, profile, stat.mean);
      const y = rowY(l);
      const beyond = outward(profile.scale, stat.mean);
      c.beginPath();
      if (beyond) {
        // an arrow: the value lies past the end
        c.moveTo(x + beyond * (r + 1.5), y);
        c.lineTo(x - beyond * r, y - r);
        c.lineTo(x - beyond * r, y + r);
      } else if (series.mark === 'square') c.rect(x - r + 0.5, y - r + 0.5, 2 * r - 1, 2 * r - 1);
      else c.arc(x, y, r, 0, 7);
      c.fill();
    });
  }
}

/** Ticks of the axis, below. */
export function paintProfileTicks(b: Brush, g: Geometry, grid: Grid, profile: Profile): void {
  const y = MEAN_LINE;
  const x0 = profileLeft(g, grid);
  const last = profile.ticks.length - 1;
  b.c.fillStyle = b.quiet;
  profile.ticks.forEach((tick, i) => {
    if (!(tick === profile.reference || i === 0 || i === last || g.profile >= 165)) return;
    const x = profileX(g, grid, profile, tick);
    b.text(
      profile.label(tick),
      i === 0 ? x0 - 4 : i === last ? x + 6 : x,
      y,
      i === 0 ? 'left' : i === last ? 'right' : 'center',
    );
  });
}
