/** Where a dialog for a new file begins. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { dirname, isRemote } from '../bytes/index.ts';

/** The first folder of the workspace; without one, that of the first checkpoint on disk; else the user's own. */
export function saveFolder(checkpoints: readonly string[]): string {
  const workspace = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  const beside = checkpoints.find((path) => !isRemote(path));
  return workspace?.uri.fsPath ?? (beside === undefined ? homedir() : dirname(beside));
}
