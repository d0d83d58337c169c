import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import { checkpointUri } from '../host/checkpointUri.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt } from './checkpoints.ts';

/** "Scan for Problems": of the checkpoint whose editor is in front, or of one that is named, which then opens. */
export const scanForProblems: Command = {
  id: 'offaxis.scanForProblems',
  async run({ inspector }, ...args) {
    const uri = uriOf(args[0]) ?? inspector.activeUri;
    if (!uri) throw new OffaxisError('bad-parameter', vscode.l10n.t('No checkpoint is open. Open one first.'));
    const path = await checkpointAt(uri);
    if (path !== undefined) await inspector.scan(checkpointUri(path));
  },
};
