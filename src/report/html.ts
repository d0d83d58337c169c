/** A report as one HTML file: no script, nothing from a network, in the reader's light or dark. Pure. */
import { html } from '../text/show.ts';
import type { Block, ReportDocument } from './blocks.ts';

const shown = (text: string): string => html(text, Infinity);

/** Second line of defence behind the escaping: a browser runs and loads nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";
const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --page: #fff; --note: #fff8c5; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --page: #0d1117; --note: #3b2e0a; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.7rem 0.2rem 0; text-align: right; vertical-align: top;
  overflow-wrap: normal; }
td { white-space: nowrap; }
th:first-child, td:first-child, .text th, .text td { text-align: left; }
td:first-child, .text td { overflow-wrap: anywhere; white-space: normal; min-width: 4rem; }
figure { margin: 1rem 0; } figcaption { color: var(--quiet); font-size: 0.9rem; }
svg { max-width: 100%; height: auto; }
pre { white-space: pre-wrap; border: 1px solid var(--line); padding: 0.6rem; }
.warning { background: var(--note); padding: 0.5rem 0.8rem; }
`;

export function htmlReport({ title, blocks }: ReportDocument): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${shown(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${shown(title)}</h1>
${blocks.map(blockHtml).join('\n')}
</body>
</html>
`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${shown(block.text)}</h2>`;
    case 'text':
      return `<p>${shown(block.text)}</p>`;
    case 'warning':
      return `<p class="warning">${shown(block.text)}</p>`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${shown(item)}</li>`).join('\n')}\n</ul>`;
    case 'table': {
      const row = (cells: readonly string[], tag: 'td' | 'th'): string =>
        `<tr>${cells.map((cell) => `<${tag}>${shown(cell)}</${tag}>`).join('')}</tr>`;
      const rows = block.rows.map((cells) => row(cells, 'td')).join('\n');
      return `<div class="wide"><table${block.isText ? ' class="text"' : ''}>\n<thead>${row(block.head, 'th')}</thead>\n<tbody>\n${rows}\n</tbody>\n</table></div>`;
    }
    case 'figure':
      return `<figure>\n${block.svg}\n<figcaption>${shown(block.caption)}</figcaption>\n</figure>`;
    case 'code':
      return `<pre><code>${shown(block.text)}</code></pre>`;
  }
}
