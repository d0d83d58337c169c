/** The two pictures of a tensor: the histogram of its values, and its singular values on two log axes. */
import type { TensorSpectrum, TensorStatistics } from '../../src/protocol/engine.ts';
import { integer, num, percent } from '../shared/format.ts';
import { plural, t } from '../shared/l10n.ts';
import { linear, log, logTicks, path, power, s, type Scaler, text } from '../shared/svg.ts';
import type { FigurePlot } from './figure.ts';
import { greatest } from '../../src/protocol/lists.ts';

const PAD = { l: 38, r: 6, t: 8, b: 20 };
const HISTOGRAM_HEIGHT = 120;
const SPECTRUM_HEIGHT = 196;
/** Below this share of the largest value a spectrum is rounding error of the storage; the axis ends there. */
const LEAST_SHARE = 1e-6;

const rule = (y: number, width: number): SVGPathElement =>
  s('path', { class: 'gr', d: `M${PAD.l} ${Math.round(y) + 0.5}H${width - PAD.r}` });
const axis = (width: number, height: number): SVGPathElement =>
  s('path', { class: 'ax', d: `M${PAD.l} ${height - PAD.b + 0.5}H${width - PAD.r}` });

export function histogramPlot({ name, stats, histogram }: TensorStatistics): FigurePlot | null {
  if (!histogram) return null;
  const { min, max, counts } = histogram;
  const total = counts.reduce((sum, n) => sum + n, 0);
  const most = greatest(counts, 1);
  const bin = (max - min) / counts.length;
  return {
    label: t('Histogram of {0}', name),
    table: () => [[t('from'), t('to'), t('weights')], ...counts.map((n, i) => [min + i * bin, min + (i + 1) * bin, n])],
    draw(width) {
      const floor = HISTOGRAM_HEIGHT - PAD.b;
      const x = linear(min, max, PAD.l, width - PAD.r);
      const y = linear(0, most, floor, PAD.t);
      const root = s('svg', { width, height: HISTOGRAM_HEIGHT });
      for (const v of [0, most])
        root.append(rule(y(v), width), text(PAD.l - 6, y(v) + 4, v < 1e5 ? integer(v) : num(v, 2), 'end'));
      root.append(
        axis(width, HISTOGRAM_HEIGHT),
        text(PAD.l, floor + 14, num(min, 3)),
        text(width - PAD.r, floor + 14, num(max, 3), 'end'),
      );
      const room = 44;
      if (min < 0 && max > 0 && x(0) > PAD.l + room && x(0) < width - PAD.r - room)
        root.append(text(x(0), floor + 14, '0', 'middle'));
      const each = (width - PAD.l - PAD.r) / counts.length;
      counts.forEach((n, i) => {
        if (!n) return;
        // a bin of one weight stays visible beside one of millions
        const tall = Math.max(0.8, floor - y(n));
        root.append(
          s('rect', {
            class: 'f-bar',
            x: PAD.l + i * each,
            y: floor - tall,
            width: Math.max(0.5, each - 0.6),
            height: tall,
          }),
        );
      });
      if (stats.mean !== null && stats.std) {
        for (const side of [-1, 1] as const) {
          const at = x(stats.mean + side * stats.std);
          if (at < PAD.l || at > width - PAD.r) continue;
          root.append(s('path', { class: 'l-fg dash', d: `M${at} ${PAD.t}V${floor}` }));
          root.append(
            text(at + 4 * side, PAD.t + 8, side < 0 ? t('mean − std') : t('mean + std'), side < 0 ? 'end' : 'start'),
          );
        }
      }
      return {
        root,
        reading: {
          count: counts.length,
          x: (i) => PAD.l + (i + 0.5) * each,
          y: [PAD.t, floor],
          text(i) {
            const n = counts[i] ?? 0;
            return plural(
              n,
              '{1} to {2}: {0} weight, {3}',
              '{1} to {2}: {0} weights, {3}',
              integer(n),
              num(min + i * bin, 3),
              num(min + (i + 1) * bin, 3),
              percent(n / Math.max(1, total)),
            );
          },
        },
      };
    },
  };
}

/** Rank from which on (1-based, inclusive count) the power law is fitted: values with σ² >= xmin. */
function tailLength(spectrum: TensorSpectrum): number {
  const from = spectrum.metrics.powerLawXmin;
  // xmin is one of the σ², written with as many digits; the margin covers the way back through the square
  return from === null ? 0 : spectrum.singularValues.filter((v) => v * v >= from * (1 - 1e-6)).length;
}

export function spectrumPlot(spectrum: TensorSpectrum): FigurePlot | null {
  const { singularValues: values, mpEdge } = spectrum;
  const first = values[0];
  const last = values.findLast((v) => first !== undefined && v > first * LEAST_SHARE);
  if (!first || !last) return null;
  return {
    label: t('Singular values of {0}', spectrum.name),
    table: () => [[t('rank'), t('singular value')], ...values.map((v, i) => [i + 1, v])],
    draw(width) {
      const floor = SPECTRUM_HEIGHT - PAD.b;
      const hi = Math.max(first, mpEdge ?? 0) * 1.25;
      const lo = Math.min(last, mpEdge ?? last) * 0.8;
      const x = log(1, Math.max(2, values.length), PAD.l + 4, width - PAD.r - 4);
      const y = log(lo, hi, floor, PAD.t);
      const root = s('svg', { width, height: SPECTRUM_HEIGHT });
      for (const v of logTicks(lo, hi)) root.append(rule(y(v), width), text(PAD.l - 6, y(v) + 4, power(v), 'end'));
      for (const v of rankTicks(values.length, width)) root.append(text(x(v), floor + 14, String(v), 'middle'));
      root.append(axis(width, SPECTRUM_HEIGHT));
      drawFit(root, spectrum, x, y, hi);
      if (mpEdge !== null) {
        const at = Math.round(y(mpEdge)) + 0.5;
        root.append(
          s('path', { class: 'mp', d: `M${PAD.l} ${at}H${width - PAD.r}` }),
          text(width - PAD.r, at - 4, t('MP edge'), 'end', 'strong'),
        );
      }
      for (const dot of dots(values, x, y, lo)) root.append(dot);
      const share = (v: number): string => percent((v * v) / sumOfSquares(values));
      return {
        root,
        reading: {
          count: values.length,
          x: (i) => x(i + 1),
          y: [PAD.t, floor],
          text: (i) =>
            t('σ of rank {0}: {1}, {2} of the energy', integer(i + 1), num(values[i]), share(values[i] ?? 0)),
        },
      };
    },
  };
}
const sumOfSquares = (values: readonly number[]): number => values.reduce((sum, v) => sum + v * v, 0) || 1;

/** Powers of two, thinned so that labels do not touch. */
function rankTicks(n: number, width: number): number[] {
  const all = Array.from({ length: Math.floor(Math.log2(Math.max(1, n))) + 1 }, (_, i) => 2 ** i);
  const step = Math.ceil((all.length * 30) / Math.max(60, width - PAD.l));
  return all.filter((_, i) => i % step === 0);
}
/** One dot a value; if several fall on one pixel, one stands for them. */
function dots(values: readonly number[], x: Scaler, y: Scaler, lo: number): SVGElement[] {
  const marks: SVGElement[] = [];
  let before = '';
  values.forEach((v, i) => {
    if (v < lo) return;
    const cx = x(i + 1);
    const cy = y(v);
    const place = `${Math.round(cx)} ${Math.round(cy)}`;
    if (place === before) return;
    before = place;
    marks.push(s('circle', { class: 'f-blue', cx: cx.toFixed(1), cy: cy.toFixed(1), r: i < 16 ? 2.2 : 1.6 }));
  });
  return marks;
}
/**
 * The fitted law as a line over the ranks it was fitted to: N(l >= x) = tail (x / xmin)^(1 - a) with l = σ², solved for σ by rank.
 */
function drawFit(root: SVGSVGElement, spectrum: TensorSpectrum, x: Scaler, y: Scaler, hi: number): void {
  const { powerLawAlpha: a, powerLawXmin: xmin } = spectrum.metrics;
  const tail = tailLength(spectrum);
  if (a === null || xmin === null || a <= 1 || tail < 2) return;
  const end = Math.sqrt(xmin);
  const sigma = (rank: number): number => end * (rank / tail) ** (-1 / (2 * (a - 1)));
  const points: [number, number][] = [];
  for (let rank = 1; rank < tail; rank *= 1.1) if (sigma(rank) < hi * 1.02) points.push([x(rank), y(sigma(rank))]);
  points.push([x(tail), y(end)]);
  const at = Math.round(x(tail)) + 0.5;
  root.append(
    s('path', { class: 'l-fg', d: path(points) }),
    s('path', { class: 'ax', d: `M${at} ${y(end) - 6}v12` }),
    text(
      Math.max(PAD.l + 60, at - 4),
      Math.min(SPECTRUM_HEIGHT - PAD.b - 4, y(end) + 16),
      t('fit over {0}', integer(tail)),
      'end',
    ),
  );
}
