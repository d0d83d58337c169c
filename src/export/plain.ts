/** Figures and tables for a terminal: at most four significant digits, columns aligned, no colour if the output is not a terminal. */
import { plain, PLAIN, plainUnits } from '../protocol/format.ts';
import { greatest } from '../protocol/lists.ts';
import { NAME_LENGTH, visible } from '../text/show.ts';

export const { num: figure, bytes, count, integer } = plain;
/** A share, an angle, any figure of the catalog. */
export const { percent, degrees, inUnit } = plainUnits(figure, PLAIN.none, 'deg');

/** "1 tensor", "2 tensors". */
export const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

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
