/** A report as one Markdown file. Its figures are images in data: addresses, as many readers of Markdown take out SVG. Pure. */
import { markdownText, seen } from '../text/show.ts';
import type { Block, ReportDocument } from './blocks.ts';

export function markdownReport({ title, blocks }: ReportDocument): string {
  return `# ${markdownText(title)}\n\n${blocks.map(blockMarkdown).join('\n\n')}\n`;
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `## ${markdownText(block.text)}`;
    case 'text':
      return markdownText(block.text);
    case 'warning':
      return `> ${markdownText(block.text)}`;
    case 'list':
      return block.items.map((item) => `- ${markdownText(item)}`).join('\n');
    case 'table': {
      const row = (cells: readonly string[]): string => `| ${cells.map((cell) => markdownText(cell)).join(' | ')} |`;
      const line = block.head.map((_, at) => (at === 0 || block.isText ? '---' : '---:'));
      return [row(block.head), `| ${line.join(' | ')} |`, ...block.rows.map(row)].join('\n');
    }
    case 'figure':
      return `![Map](${address(block.svg)})\n\n${markdownText(block.caption)}`;
    case 'code': {
      // longer than any run of backquotes inside
      const runs = [...block.text.matchAll(/`+/g)].map(([run]) => run.length);
      const fence = '`'.repeat(runs.reduce((most, length) => Math.max(most, length), 2) + 1);
      return `${fence}\n${seen(block.text)}\n${fence}`;
    }
  }
}

/** Outside HTML SVG needs its namespace: a name, nothing is loaded from it. */
const NAMESPACE = 'http://www.w3.org/2000/svg';
/** Parentheses and quotes would end the address. */
const address = (svg: string): string =>
  `data:image/svg+xml,${encodeURIComponent(svg.replace('<svg', `<svg xmlns="${NAMESPACE}"`)).replace(/[()'!*~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`;
