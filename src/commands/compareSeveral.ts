import { basename } from 'node:path';
import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import { shortNamesOf } from '../text/shortNames.ts';
import { label } from '../text/show.ts';
import type { Command, CommandServices } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt, pickCheckpoint, pickCheckpoints } from './checkpoints.ts';

/**
 * "Compare Several Checkpoints...": of three or more in the explorer the one that is selected as base is the base, else that is asked.
 * From the palette: the base, then the others.
 */
export const compareSeveral: Command = {
  id: 'offaxis.compareSeveral',
  async run(services, _uri, selected) {
    const uris = Array.isArray(selected) ? selected.flatMap((value: unknown) => uriOf(value) ?? []) : [];
    const chosen = uris.length > 0 ? await ofSelection(services, uris) : await ofPickers(services);
    if (!chosen) return;
    const { base, tuned } = chosen;
    await services.several.compareRuns(base, tuned);
    vscode.window.setStatusBarMessage(
      `$(check) ${vscode.l10n.t('Offaxis: base is {0}', label(vscode.workspace.asRelativePath(base)))}`,
      4000,
    );
  },
};

interface Chosen {
  base: string;
  tuned: string[];
}

async function ofSelection(services: CommandServices, uris: readonly vscode.Uri[]): Promise<Chosen | undefined> {
  const paths: string[] = [];
  for (const uri of uris) {
    const path = await checkpointAt(uri);
    if (path === undefined) return undefined;
    if (!paths.includes(path)) paths.push(path);
  }
  if (paths.length < 3)
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t(
        'These are {0} checkpoints. Select three or more in the explorer, one of which is the base.',
        paths.length,
      ),
    );
  const marked = services.base.pathOnDisk;
  const base = marked !== null && paths.includes(marked) ? marked : await askForBase(paths, marked);
  return base === undefined ? undefined : { base, tuned: paths.filter((path) => path !== base) };
}

/** The order of a selection is the explorer's, not the reader's. */
async function askForBase(paths: readonly string[], marked: string | null): Promise<string | undefined> {
  const offered = marked === null ? [...paths] : [marked, ...paths];
  const names = shortNamesOf(offered);
  const items = offered.map((path, i) => ({
    label: label(names[i] ?? basename(path)),
    description: label(vscode.workspace.asRelativePath(path), 300),
    ...(path === marked ? { detail: vscode.l10n.t('Selected as base') } : {}),
    path,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Compare Several Checkpoints'),
    placeHolder: vscode.l10n.t('Which one is the base?'),
  });
  return picked?.path;
}

async function ofPickers(services: CommandServices): Promise<Chosen | undefined> {
  const title = vscode.l10n.t('Compare Several Checkpoints');
  const base = await pickCheckpoint({
    title: `${title} (1/2)`,
    placeHolder: vscode.l10n.t('The base: before training'),
    first: services.base.pathOnDisk,
  });
  if (base === undefined) return undefined;
  const tuned = await pickCheckpoints({
    title: `${title} (2/2)`,
    placeHolder: vscode.l10n.t('Two or more tuned ones: after training'),
    except: base,
  });
  if (!tuned) return undefined;
  if (tuned.length < 2)
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('Choose two or more beside the base; one alone is compared by "Compare Checkpoints...".'),
    );
  return { base, tuned };
}

/** Beside a comparison that is on show: a further tuned checkpoint of its base; null: it is asked for. Throws bad-file and bad-parameter. */
export async function compareFurther(
  { several }: Pick<CommandServices, 'several'>,
  { base, tuned }: { base: string; tuned: string },
  further: vscode.Uri | null,
): Promise<void> {
  const path = further ? await checkpointAt(further) : await chooseFurther([base, tuned]);
  if (path === undefined) return;
  if (path === base || path === tuned)
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is in this comparison already. Choose another checkpoint of the same base.', path),
    );
  await several.compareRuns(base, [tuned, path]);
}

/** A further tuned checkpoint beside those that are known. Undefined: the reader backed out. */
export function chooseFurther(known: readonly string[]): Promise<string | undefined> {
  return pickCheckpoint({
    title: vscode.l10n.t('Compare Several Checkpoints'),
    placeHolder: vscode.l10n.t('A further tuned one of the same base'),
    except: known,
  });
}
