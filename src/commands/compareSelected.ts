import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt } from './checkpoints.ts';
import { shortNames } from '../comparison/names.ts';

/** "Compare Selected Checkpoints": two in the explorer. Their order in the selection is not the user's, so which is the base is asked. */
export const compareSelected: Command = {
  id: 'offaxis.compareSelected',
  async run({ comparisons }, _uri, selected) {
    const uris = Array.isArray(selected) ? selected.flatMap((value: unknown) => uriOf(value) ?? []) : [];
    const [firstUri, secondUri] = uris;
    if (uris.length !== 2 || !firstUri || !secondUri)
      throw new OffaxisError(
        'bad-parameter',
        'Select exactly two checkpoints in the explorer, files or folders, and compare them from their menu.',
      );
    const first = await checkpointAt(firstUri);
    const second = first === undefined ? undefined : await checkpointAt(secondUri);
    if (first === undefined || second === undefined) return;
    if (first === second)
      throw new OffaxisError(
        'bad-parameter',
        `Both selected entries belong to one checkpoint, ${basename(dirname(first))}. Select two.`,
      );
    const names = shortNames(first, second);
    const items = [
      {
        label: names.base,
        description: `compare ${names.base} (base) with ${names.tuned} (tuned)`,
        base: first,
        tuned: second,
      },
      {
        label: names.tuned,
        description: `compare ${names.tuned} (base) with ${names.base} (tuned)`,
        base: second,
        tuned: first,
      },
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: 'Compare Selected Checkpoints',
      placeHolder: 'Which one is the base?',
    });
    if (picked) await comparisons.compare(picked.base, picked.tuned);
  },
};
