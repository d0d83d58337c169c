import * as vscode from 'vscode';
import { checkpointUri } from '../host/checkpointUri.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt } from './checkpoints.ts';

/** "Open Checkpoint Folder...": the folder's model opens in the inspector. */
export const openFolder: Command = {
  id: 'offaxis.openFolder',
  async run({ inspector }, ...args) {
    const options = {
      title: vscode.l10n.t('Open Checkpoint Folder'),
      openLabel: vscode.l10n.t('Open'),
      canSelectFiles: false,
      canSelectFolders: true,
    };
    const uri = uriOf(args[0]) ?? (await vscode.window.showOpenDialog(options))?.[0];
    const path = uri && (await checkpointAt(uri));
    if (path !== undefined) await inspector.open(checkpointUri(path));
  },
};
