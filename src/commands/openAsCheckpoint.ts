import * as vscode from 'vscode';
import { basename } from 'node:path';
import { isIndexFile } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { pathOnDisk } from './checkpoints.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';

/** "Open as Checkpoint": the index that is open as text, in the inspector. */
export const openAsCheckpoint: Command = {
  id: 'offaxis.openAsCheckpoint',
  async run({ inspector }, ...args) {
    const uri = uriOf(args[0]) ?? vscode.window.activeTextEditor?.document.uri;
    if (!uri || !isIndexFile(basename(uri.path)))
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('No index is open. Open an .index.json file as text first.'),
      );
    pathOnDisk(uri);
    await inspector.open(uri);
  },
};
