/** A panel and its page: what every one of them is given, and what its messages go through. */
import * as vscode from 'vscode';
import { toWireError } from '../protocol/errors.ts';
import { notification } from '../text/show.ts';
import { webviewHtml, webviewOptions } from './html.ts';
import type { Log } from './log.ts';
import { shownError } from './shownError.ts';

interface PageOptions<Message> {
  extensionUri: vscode.Uri;
  page: Parameters<typeof webviewHtml>[2];
  title: string;
  log: Log;
  /** what it throws is logged, and said in a notification; not that something was cancelled */
  receive(message: Message): unknown;
}

/** Loads the page into the webview, which may be one that a restored panel brings. */
export function showPage<Message>(
  webview: vscode.Webview,
  { extensionUri, page, title, log, receive }: PageOptions<Message>,
): void {
  webview.options = webviewOptions(extensionUri);
  webview.onDidReceiveMessage(async (message: Message) => {
    try {
      await receive(message);
    } catch (error) {
      const wire = toWireError(error);
      if (wire.code === 'cancelled') return;
      log.error(wire.message);
      void vscode.window.showErrorMessage(notification(shownError(wire)));
    }
  });
  webview.html = webviewHtml(webview, extensionUri, page, title);
}

/** An empty panel in front, for `showPage`. */
export function createPanel(extensionUri: vscode.Uri, viewType: string, title: string): vscode.WebviewPanel {
  const options = webviewOptions(extensionUri);
  return vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active, options);
}

/** Of a panel that is not the editor of a file: that one has the file's icon. */
export function setIcon(panel: vscode.WebviewPanel, extensionUri: vscode.Uri): void {
  panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
}

/** To the page in front. False: there is none. */
export function postToFront(panels: Iterable<vscode.WebviewPanel>, message: unknown): boolean {
  const front = [...panels].find(({ active }) => active);
  void front?.webview.postMessage(message);
  return front !== undefined;
}

export async function copyCommandLine(text: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(`$(check) ${vscode.l10n.t('Offaxis: command line copied')}`, 3000);
}
