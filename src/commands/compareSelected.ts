import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { compareAny } from './compareUpdates.ts';
import { checkpointAt } from './checkpoints.ts';
import { shortNames } from '../text/shortNames.ts';
import { label } from '../text/show.ts';

/** "Compare Selected Checkpoints": two in the explorer. Their order in the selection is not the user's, so which is the base is asked. */
export const compareSelected: Command = {
  id: 'offaxis.compareSelected',
  async run(services, _uri, selected) {
    const uris = Array.isArray(selected) ? selected.flatMap((value: unknown) => uriOf(value) ?? []) : [];
    const [firstUri, secondUri] = uris;
    if (uris.length !== 2 || !firstUri || !secondUri)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t(
          'Select exactly two checkpoints in the explorer, files or folders, and compare them from their menu.',
        ),
      );
    const first = await checkpointAt(firstUri);
    const second = first === undefined ? undefined : await checkpointAt(secondUri);
    if (first === undefined || second === undefined) return;
    if (first === second)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('Both selected entries belong to one checkpoint, {0}. Select two.', basename(dirname(first))),
      );
    const short = shortNames(first, second);
    const names = { base: label(short.base), tuned: label(short.tuned) };
    const items = [
      {
        label: names.base,
        description: vscode.l10n.t('compare {0} (base) with {1} (tuned)', names.base, names.tuned),
        base: first,
        tuned: second,
      },
      {
        label: names.tuned,
        description: vscode.l10n.t('compare {0} (base) with {1} (tuned)', names.tuned, names.base),
        base: second,
        tuned: first,
      },
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Compare Selected Checkpoints'),
      placeHolder: vscode.l10n.t('Which one is the base?'),
    });
    if (picked) await compareAny(services, picked.base, picked.tuned);
  },
};
