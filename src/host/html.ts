/** The page around a webview's bundle. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { html } from '../text/show.ts';

/** Where a page may load files from: its bundle, and fonts. */
export function webviewOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return {
    enableScripts: true,
    // With the policy alone a form that is smuggled in would send nothing, and yet leave the page as the browser's page of an error.
    enableForms: false,
    localResourceRoots: [
      vscode.Uri.joinPath(extensionUri, 'dist', 'webview'),
      vscode.Uri.joinPath(extensionUri, 'media', 'codicons'),
    ],
  };
}

/** dist/webview/PAGE.js and PAGE.css under a strict policy. */
export function webviewHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  page: 'inspector' | 'comparison' | 'several',
  title: string,
): string {
  const nonce = randomBytes(16).toString('base64');
  const asset = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', name)).toString();
  const policy = [
    // Nothing is loaded that is not named below: no connection, no frame, no worker, no eval.
    "default-src 'none'",
    // The bundle, and nothing that could be smuggled in through a tensor's name.
    `script-src 'nonce-${nonce}'`,
    // Stylesheets as files; no inline style.
    `style-src ${webview.cspSource}`,
    // Pictures of the page, drawn by it and on their way to PNG.
    'img-src blob:',
    // The icon font.
    `font-src ${webview.cspSource}`,
    // default-src does not stand in for these two: no other base for relative addresses, no form that is sent anywhere.
    "base-uri 'none'",
    "form-action 'none'",
    // No frame-ancestors: browsers ignore it in a meta element, and VS Code serves the page itself, in frames of its own.
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${html(vscode.env.language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title>
<link rel="stylesheet" href="${asset(`${page}.css`)}">
</head>
<body>
<script type="application/json" id="l10n">${jsonBlock(vscode.l10n.bundle ?? {})}</script>
<script nonce="${nonce}" src="${asset(`${page}.js`)}"></script>
</body>
</html>`;
}

/** The translated strings, as data: a block that is not a script is not run, so the policy has nothing to allow. */
function jsonBlock(bundle: Record<string, string>): string {
  return JSON.stringify(bundle).replaceAll('<', '\\u003c');
}
