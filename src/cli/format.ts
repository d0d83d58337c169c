/** Figures and tables for a terminal: at most four significant digits, columns aligned, no colour if the output is not a terminal. */
import { plainUnits } from '../protocol/format.ts';
import { greatest } from '../protocol/lists.ts';
import { NAME_LENGTH, visible } from '../text/show.ts';

export function figure(x: number | null | undefined, digits = 4): string {
  if (x === null || x === undefined) return '-';
  if (!Number.isFinite(x)) return String(x);
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
  const a = Math.abs(x);
  if (a !== 0 && (a < 1e-3 || a >= 1e5)) return x.toExponential(digits - 2);
  return x.toPrecision(digits);
}
/** A share, an angle, any figure of the catalog. */
export const { percent, degrees, inUnit } = plainUnits(figure, '-', 'deg');
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; ++i) n /= 1000;
  return `${i ? n.toPrecision(4) : n} ${units[i]}`;
}
export function count(n: number): string {
  if (n < 1e4) return String(n);
  if (n < 1e6) return `${(n / 1e3).toPrecision(4)} k`;
  return n < 1e9 ? `${(n / 1e6).toPrecision(4)} M` : `${(n / 1e9).toPrecision(4)} B`;
}

/** Characters of a line in a wide terminal, and if the output is none. */
const LINE = 100;
/** A text in lines of at most `width` characters, broken between words, but before no "%"; a longer word has a line of its own. */
export function wrapped(text: string, width: number | undefined): string[] {
  const most = Math.min(width || LINE, LINE);
  const lines: string[] = [];
  for (const word of text.split(/ (?!%)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Lines of a text table: the first `left` columns are aligned left, the others right. A cell stays on its line, within `most` characters. */
export function table(head: string[], cells: string[][], left = 1, most = NAME_LENGTH): string[] {
  const rows = cells.map((row) => row.map((cell) => visible(cell, most)));
  const widths = head.map((h, c) =>
    greatest(
      rows.map((r) => r[c]?.length ?? 0),
      h.length,
    ),
  );
  const line = (row: string[]): string =>
    row
      .map((cell, c) => (c < left ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, widths.map((w) => '-'.repeat(w)), ...rows].map(line);
}
