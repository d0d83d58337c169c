/** A spectrum as a picture of one line: an image of its own, because a hover holds Markdown only. */
import { greatest, least } from '../protocol/lists.ts';

export interface Curve {
  /** descending */
  values: readonly number[];
  dashed?: boolean;
}
export interface Ink {
  /** any SVG colour */
  line: string;
  quiet: string;
}
const WIDTH = 240;
const HEIGHT = 44;
const PAD = 3;
/** Points that a line of this width can show. */
const POINTS = 120;
/** Below this share of the largest value a spectrum is rounding of its storage. */
const LEAST_SHARE = 1e-6;

/** Singular values over their rank, both axes logarithmic; `level` is a dashed horizontal line. Null if nothing is positive. */
export function sparkline(curves: readonly Curve[], level: number | null, ink: Ink): string | null {
  const first = greatest(curves.map(({ values }) => values[0] ?? 0));
  if (!(first > 0)) return null;
  const shown = curves.map((curve) => ({ ...curve, values: curve.values.filter((v) => v > first * LEAST_SHARE) }));
  const ranks = greatest(
    shown.map(({ values }) => values.length),
    2,
  );
  const hi = Math.log(Math.max(first, level ?? 0));
  const lowest = least(
    shown.map(({ values }) => values.at(-1) ?? first),
    level ?? Infinity,
  );
  const lo = Math.min(Math.log(lowest), hi - 1);
  const x = (rank: number): number => PAD + (Math.log(rank) / Math.log(ranks)) * (WIDTH - 2 * PAD);
  const y = (log: number): number => PAD + ((hi - log) / (hi - lo)) * (HEIGHT - 2 * PAD);
  const lines = shown.map(({ values, dashed }) => {
    const points = ranksShown(values.length).map((rank) => {
      const value = values[rank - 1] ?? first;
      return `${x(rank).toFixed(1)} ${y(Math.log(value)).toFixed(1)}`;
    });
    const dash = dashed ? ' stroke-dasharray="4 3"' : '';
    return `<path d="M${points.join('L')}" fill="none" stroke="${ink.line}" stroke-width="1.5"${dash}/>`;
  });
  const edge =
    level !== null && level > 0
      ? `<path d="M${PAD} ${y(Math.log(level)).toFixed(1)}H${WIDTH - PAD}" fill="none" stroke="${ink.quiet}" stroke-dasharray="2 3"/>`
      : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${edge}${lines.join('')}</svg>`;
}

function ranksShown(count: number): number[] {
  const ranks = Array.from({ length: POINTS }, (_, i) => Math.round(count ** (i / (POINTS - 1))));
  return [...new Set(ranks)].filter((rank) => rank >= 1 && rank <= count);
}

/** Markdown of the picture, at its own size. */
export function imageMarkdown(svg: string, alternative: string): string {
  const data = Buffer.from(svg, 'utf8').toString('base64');
  return `![${alternative.replace(/[[\]\\]/g, '')}](data:image/svg+xml;base64,${data}|width=${WIDTH},height=${HEIGHT})`;
}
