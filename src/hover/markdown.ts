/** Text of files as Markdown text: names come from checkpoints and are never trusted. */
import { greatest } from '../protocol/lists.ts';

export { markdown as plain } from '../text/show.ts';

/** A command link. The arguments travel as JSON in the query. */
export const commandLink = (label: string, command: string, ...args: unknown[]): string =>
  `[${label}](command:${command}?${encodeURIComponent(JSON.stringify(args)).replace(/[()']/g, (c) => `%${c.charCodeAt(0).toString(16)}`)})`;

/** A table without a heading worth reading; the first column is left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = greatest(
    rows.map((row) => row.length),
    0,
  );
  const line = (cells: readonly string[]): string =>
    `| ${Array.from({ length: columns }, (_, i) => `${i > 1 ? '&ensp;' : ''}${cells[i] ?? ''}`).join(' | ')} |`;
  const align = Array.from({ length: columns }, (_, i) =>
    i === 0 ? ':---' : i === columns - 1 && i > 1 ? ':---' : '---:',
  );
  const [head, ...body] = rows;
  return head ? [line(head), `|${align.join('|')}|`, ...body.map(line)].join('\n') : '';
}
