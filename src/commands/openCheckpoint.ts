import * as vscode from 'vscode';
import { checkpointUri } from '../host/checkpointUri.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt, pickCheckpoint } from './checkpoints.ts';
import { offerAddress } from './remoteCheckpoint.ts';

/** "Open Checkpoint...": one of the workspace, or the one that is named, in the inspector. */
export const openCheckpoint: Command = {
  id: 'offaxis.openCheckpoint',
  async run(services, ...args) {
    const uri = uriOf(args[0]);
    const path = uri
      ? await checkpointAt(uri)
      : await pickCheckpoint({
          title: vscode.l10n.t('Open Checkpoint'),
          placeHolder: vscode.l10n.t('Which one?'),
          ...offerAddress(services),
        });
    if (path !== undefined) await services.inspector.open(checkpointUri(path));
  },
};
