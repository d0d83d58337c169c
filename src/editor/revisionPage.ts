/**
 * The page of a checkpoint that is not a file on disk but a revision in Git, as on the left of a diff: what it is, and one button. No
 * script, no file, no bundle: the button is a link to a command, which the webview's options name.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { html } from '../text/show.ts';

const COMMAND = 'offaxis.compareWithHead';

export const revisionOptions: vscode.WebviewOptions = {
  enableScripts: false,
  enableForms: false,
  enableCommandUris: [COMMAND],
  localResourceRoots: [],
};

const STYLE = `
body { display: flex; flex-direction: column; align-items: flex-start; gap: 12px; padding: 24px; max-width: 60ch;
  font: var(--vscode-font-weight) var(--vscode-font-size)/1.5 var(--vscode-font-family); color: var(--vscode-foreground); }
h1, p { margin: 0; overflow-wrap: anywhere; }
h1 { font-size: 1.3em; font-weight: 600; }
a { padding: 4px 14px; border: 1px solid var(--vscode-button-border, transparent); border-radius: 2px; text-decoration: none;
  color: var(--vscode-button-foreground); background: var(--vscode-button-background); }
a:hover { background: var(--vscode-button-hoverBackground); color: var(--vscode-button-foreground); }
a:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }`;

export function revisionHtml(uri: vscode.Uri, name: string): string {
  const nonce = randomBytes(16).toString('base64');
  const target = `command:${COMMAND}?${encodeURIComponent(JSON.stringify([uri]))}`;
  return `<!DOCTYPE html>
<html lang="${html(vscode.env.language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'">
<title>${html(name)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<h1>${html(vscode.l10n.t('{0}, as committed', name))}</h1>
<p>${html(vscode.l10n.t('This side of the diff is a revision in Git. Offaxis compares it with your file matrix by matrix, and shows what training changed.'))}</p>
<a role="button" data-action="compare-with-head" href="${html(target)}">${html(vscode.l10n.t('Compare with HEAD'))}</a>
</body>
</html>`;
}
