import * as vscode from 'vscode';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt, pickCheckpoint } from './checkpoints.ts';
import { offerAddress } from './remoteCheckpoint.ts';
import { label } from '../text/show.ts';

/** "Select as Base Checkpoint": remembered for "Compare with Base". */
export const selectAsBase: Command = {
  id: 'offaxis.selectAsBase',
  async run(services, ...args) {
    const uri = uriOf(args[0]);
    const path = uri
      ? await checkpointAt(uri)
      : await pickCheckpoint({
          title: vscode.l10n.t('Select as Base Checkpoint'),
          placeHolder: vscode.l10n.t('The base: before training'),
          ...offerAddress(services),
        });
    if (path === undefined) return;
    await services.base.select(path);
    vscode.window.setStatusBarMessage(
      `$(check) ${vscode.l10n.t('Offaxis: base is {0}', label(vscode.workspace.asRelativePath(path)))}`,
      4000,
    );
  },
};
