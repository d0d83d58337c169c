import { basename } from 'node:path';
import * as vscode from 'vscode';
import { Repository } from '../git/repository.ts';
import { materialise } from '../git/revision.ts';
import { bytes } from '../protocol/format.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { label } from '../text/show.ts';
import { isCheckpointFile } from './checkpointPaths.ts';
import { pathOnDisk } from './checkpoints.ts';
import type { Command } from './register.ts';
import { uriOf } from './register.ts';

/** "Compare Checkpoint with HEAD": the committed state as the base, the working tree's as the tuned side. */
export const compareWithHead: Command = {
  id: 'offaxis.compareWithHead',
  async run({ inspector, comparisons, revisions }, ...args) {
    const uri = uriOf(args[0]) ?? inspector.activeUri;
    if (!uri)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('No checkpoint is open. Open one, then compare it with its committed state.'),
      );
    const path = workingFile(uri);
    if (!isCheckpointFile(path))
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('{0} is not a checkpoint. Choose the file of a checkpoint or its index.', basename(path)),
      );
    if (!vscode.workspace.isTrusted)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t(
          'Git runs programs that the settings of a repository name, so this needs a workspace that you trust. Trust it first ("Workspaces: Manage Workspace Trust").',
        ),
      );
    const repository = await Repository.of(path, gitProgram());
    const abort = new AbortController();
    const options = {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Reading {0} as committed', label(basename(path))),
    };
    const base = await vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      let percent = 0;
      return materialise(repository, path, 'HEAD', {
        storage: revisions,
        signal: abort.signal,
        mayDownload,
        told(done, total) {
          const now = (100 * done) / Math.max(1, total);
          progress.report({ increment: now - percent });
          percent = now;
        },
      });
    });
    if (base !== null) await comparisons.compare(base, path);
  },
};

async function mayDownload(files: number, size: number): Promise<boolean> {
  const download = vscode.l10n.t('Download');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('The committed weights are not on this machine. Let Git LFS download {0}?', bytes(size)),
    { modal: true, detail: vscode.l10n.t('Files: {0}. They come from the repository’s own server.', files) },
    download,
  );
  return answer === download;
}

/** The file of the working tree that a document of VS Code's Git stands for; its query says which. */
export function workingFile(uri: vscode.Uri): string {
  if (uri.scheme !== 'git') return pathOnDisk(uri);
  try {
    const { path } = JSON.parse(uri.query) as { path?: unknown };
    if (typeof path === 'string') return path;
  } catch {
    // said below
  }
  return pathOnDisk(uri);
}

/** The Git that VS Code itself has found. */
function gitProgram(): string {
  type Git = { getAPI(version: 1): { git: { path: string } } };
  const extension = vscode.extensions.getExtension<Git>('vscode.git');
  try {
    return extension?.isActive ? extension.exports.getAPI(1).git.path : 'git';
  } catch {
    // Git is switched off in VS Code
    return 'git';
  }
}
