import * as vscode from 'vscode';
import { basename, dirname } from '../bytes/index.ts';
import { label } from '../text/show.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt, pickCheckpoint } from './checkpoints.ts';
import { offerAddress } from './remoteCheckpoint.ts';

/** "Compare with...": this checkpoint as the tuned side; its base is asked for, whatever is selected. */
export const compareWith: Command = {
  id: 'offaxis.compareWith',
  async run(services, ...args) {
    const { comparisons, base: selection } = services;
    const uri = uriOf(args[0]);
    const tuned = uri && (await checkpointAt(uri));
    if (tuned === undefined) return;
    const base = await pickCheckpoint({
      title: vscode.l10n.t('Compare {0} with...', label(basename(dirname(tuned)))),
      placeHolder: vscode.l10n.t('The base: before training'),
      except: tuned,
      first: selection.path === tuned ? null : selection.path,
      ...offerAddress(services),
    });
    if (base !== undefined) await comparisons.compare(base, tuned);
  },
};
