/** The line above an index that is open as text: it is a checkpoint, and opens as one. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { isIndexFile } from '../formats/index.ts';

export const indexLens: vscode.CodeLensProvider = {
  provideCodeLenses(document) {
    if (!isIndexFile(basename(document.uri.path))) return [];
    const lens = new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
      command: 'offaxis.openAsCheckpoint',
      title: `$(package) ${vscode.l10n.t('Open as Checkpoint')}`,
      arguments: [document.uri],
    });
    return [lens];
  },
};
