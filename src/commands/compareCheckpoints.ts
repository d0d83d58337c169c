import * as vscode from 'vscode';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { compareAny } from './compareUpdates.ts';
import { checkpointAt, pickCheckpoint } from './checkpoints.ts';
import { offerAddress } from './remoteCheckpoint.ts';

/** "Compare Checkpoints...": two quick picks. Called with two URIs it asks nothing. */
export const compareCheckpoints: Command = {
  id: 'offaxis.compareCheckpoints',
  async run(services, ...args) {
    const [baseUri, tunedUri] = args.map(uriOf);
    const title = vscode.l10n.t('Compare Checkpoints');
    const base = baseUri
      ? await checkpointAt(baseUri)
      : await pickCheckpoint({
          title: `${title} (1/2)`,
          placeHolder: vscode.l10n.t('The base: before training'),
          first: services.base.path,
          ...offerAddress(services),
        });
    if (base === undefined) return;
    const tuned = tunedUri
      ? await checkpointAt(tunedUri)
      : await pickCheckpoint({
          title: `${title} (2/2)`,
          placeHolder: vscode.l10n.t('The tuned one: after training'),
          except: base,
          ...offerAddress(services),
        });
    if (tuned !== undefined) await compareAny(services, base, tuned);
  },
};
