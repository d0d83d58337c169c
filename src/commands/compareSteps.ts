import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { stepsIn, type Step } from '../checkpoint/index.ts';
import { STEP_NAMES } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { label } from '../text/show.ts';
import type { Command, CommandServices } from './register.ts';
import { uriOf } from './register.ts';
import { baseOnDisk, pathOnDisk, pickCheckpoint } from './checkpoints.ts';
import { stepOfPath } from './checkpointPaths.ts';
import { findCheckpoints } from './workspaceCheckpoints.ts';

/** "Compare Steps of a Training Run...": of a folder that holds them; new ones that are written into it join. */
export const compareSteps: Command = {
  id: 'offaxis.compareSteps',
  async run(services, ...args) {
    const uri = uriOf(args[0]) ?? (await pickFolder());
    if (!uri) return;
    const folder = pathOnDisk(uri);
    const [first] = await stepsIn(folder);
    if (!first)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t(
          '{0} holds no steps: nothing in it is named {1}. Choose the folder that the training run writes to.',
          folder,
          STEP_NAMES,
        ),
      );
    const base = await baseOf(services, first);
    if (base) await services.several.compareSteps(base, folder);
  },
};

/** Folders of the workspace that hold steps, and "Browse...". Undefined: the reader backed out. */
async function pickFolder(): Promise<vscode.Uri | undefined> {
  const title = vscode.l10n.t('Compare Steps of a Training Run');
  const browse = { label: `$(folder-opened) ${vscode.l10n.t('Browse...')}`, folder: undefined };
  const items = findCheckpoints().then((paths) => {
    const folders = new Set(
      paths.flatMap((path) => {
        const root = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path))?.uri.fsPath ?? '';
        return stepOfPath(root, path)?.folder ?? [];
      }),
    );
    const found = [...folders].map((folder) => ({
      label: `$(history) ${label(basename(folder))}`,
      description: label(vscode.workspace.asRelativePath(folder), 300),
      folder,
    }));
    return [...found, browse];
  });
  const placeHolder = vscode.l10n.t('The folder that the run writes its steps to');
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
  if (!picked) return undefined;
  if (picked.folder !== undefined) return vscode.Uri.file(picked.folder);
  const options = { title, openLabel: vscode.l10n.t('Choose'), canSelectFiles: false, canSelectFolders: true };
  return (await vscode.window.showOpenDialog(options))?.[0];
}

/** Adapters are steps of the base that they name; of anything else the reader says which it is: the first step, or another. */
async function baseOf({ engine, base }: CommandServices, first: Step): Promise<Step | undefined> {
  // What can't be opened is told by the comparison.
  const adapter = await engine.call('open', { path: first.path }).then(
    (facts) => facts.adapter,
    () => null,
  );
  if (adapter) {
    const path = await baseOnDisk(first.path, adapter.base);
    if (path !== null) return { path, step: 0 };
  }
  const path = await pickCheckpoint({
    title: vscode.l10n.t('Compare Steps of a Training Run'),
    placeHolder: adapter
      ? vscode.l10n.t('The base that the adapter was trained on')
      : vscode.l10n.t('The base: before training'),
    first: adapter ? base.pathOnDisk : first.path,
    ...(adapter ? {} : { firstDetail: vscode.l10n.t('The first step, step {0}', first.step) }),
  });
  if (path === undefined) return undefined;
  // The step itself, or the file in its folder.
  return path === first.path || dirname(path) === first.path ? first : { path, step: 0 };
}
