/** What VS Code's explorer puts on a page. */
import * as vscode from 'vscode';

/** The explorer of a remote window names files by the window's address; this side of it has them on disk. */
export function droppedUri(text: string): vscode.Uri {
  const uri = vscode.Uri.parse(text);
  return uri.scheme === 'vscode-remote' ? vscode.Uri.file(uri.path) : uri;
}
