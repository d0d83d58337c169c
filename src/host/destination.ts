/** Where something is saved to: asked for in VS Code's dialog, and told once it is written. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { notification } from '../text/show.ts';
import { saveFolder } from './saveFolder.ts';

export interface Wanted {
  title: string;
  /** of the file, without its ending; what a file name may not hold is replaced */
  name: string;
  /** without its dot */
  ending: string;
  /** outside a workspace the dialog begins beside the first of these that is on disk */
  beside: readonly string[];
  filters: Record<string, string[]>;
}

/** Undefined: the reader backed out. It may be a place that is not on disk. */
export function askWhere({ title, name, ending, beside, filters }: Wanted): Thenable<vscode.Uri | undefined> {
  const file = name.replace(/[^\p{L}\p{N}_.-]+/gu, '-').replace(/^-+|-+$/g, '') || 'offaxis';
  const defaultUri = vscode.Uri.file(join(saveFolder(beside), `${file}.${ending}`));
  return vscode.window.showSaveDialog({ title, defaultUri, filters });
}

/** Says that it is written, and opens it if the reader likes to. */
export async function tellSaved(target: vscode.Uri, message: string): Promise<void> {
  if (await vscode.window.showInformationMessage(notification(message), vscode.l10n.t('Open')))
    await vscode.commands.executeCommand('vscode.open', target);
}
