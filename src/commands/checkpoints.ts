/** From what the user pointed at to the path of a checkpoint. Every refusal says what is wrong and what to do. */
import { readdir, stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { basename, dirname, isRemote, join, relative } from '../bytes/index.ts';
import { checkpointsAt, findBase } from '../checkpoint/index.ts';
import { checkpointPath } from '../host/checkpointUri.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { checkpointOfFile, isCheckpointFile } from './checkpointPaths.ts';
import { findCheckpoints } from './workspaceCheckpoints.ts';
import { label } from '../text/show.ts';

/** The path of what lies on disk. A virtual file system has paths too, which would name other files of the disk. */
export function pathOnDisk(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new OffaxisError(
    'bad-file',
    vscode.l10n.t(
      '{0} is not on disk. Offaxis reads checkpoints in ranges: copy it to a folder first.',
      uri.toString(true),
    ),
  );
}

/** The same, or the remote address that one of our own URIs stands for. */
export function pathOrAddress(uri: vscode.Uri): string {
  return checkpointPath(uri) ?? pathOnDisk(uri);
}

/**
 * A checkpoint for a file or a folder; asks which if a folder holds several. That of a remote address is known by it: nothing is asked
 * there. Undefined: the user backed out.
 */
export async function checkpointAt(uri: vscode.Uri): Promise<string | undefined> {
  const path = pathOrAddress(uri);
  if (isRemote(path)) return path;
  const info = await stat(path).catch(() => null);
  if (!info)
    throw new OffaxisError('bad-file', vscode.l10n.t('{0} does not exist any more. Choose another checkpoint.', path));
  if (!info.isDirectory()) {
    if (!isCheckpointFile(path))
      throw new OffaxisError(
        'bad-file',
        vscode.l10n.t(
          '{0} is not a checkpoint. Choose the file of a checkpoint, its index (.index.json) or a folder that holds one.',
          path,
        ),
      );
    return checkpointOfFile(path, await readdir(dirname(path)));
  }
  const chosen = await chooseAmong(path, await checkpointsAt(path));
  if (chosen === undefined) return undefined;
  const isFolder = (await stat(chosen).catch(() => null))?.isDirectory() === true;
  return isFolder && chosen !== path ? checkpointAt(vscode.Uri.file(chosen)) : chosen;
}

/** Asks which of the checkpoints of a folder, if there are several. Undefined: the user backed out. */
export async function chooseAmong(folder: string, paths: readonly string[]): Promise<string | undefined> {
  if (paths.length <= 1) return paths[0];
  // Of checkpoints of one name in folders of their own the folder tells them apart.
  const items = paths.map((path) => ({ label: label(relative(folder, path)), path }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Checkpoints in {0}', label(basename(folder) || folder)),
    placeHolder: vscode.l10n.t('Choose one'),
  });
  return picked?.path;
}

/** The base that an adapter names, if it lies on this machine; what lies beside a remote adapter is not asked for. */
export async function baseOnDisk(adapter: string, base: string | null): Promise<string | null> {
  if (isRemote(adapter)) return null;
  const folders = vscode.workspace.workspaceFolders ?? [];
  const roots = folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
  return (await findBase(adapter, base, roots)).path;
}

export interface PickOptions {
  title: string;
  placeHolder: string;
  /** not offered again */
  except?: string | readonly string[];
  /** offered first */
  first?: string | null;
  /** why; else because it is selected as base */
  firstDetail?: string;
  /** asks for a remote address, which is offered then */
  enter?(title: string): Promise<string | undefined>;
}

/** A quick pick of the checkpoints in the workspace, and "Browse...". Undefined: the user backed out. */
export async function pickCheckpoint({
  title,
  placeHolder,
  except,
  first,
  firstDetail = vscode.l10n.t('Selected as base'),
  enter,
}: PickOptions): Promise<string | undefined> {
  const items = findCheckpoints().then((paths) => {
    const known = [except ?? []].flat();
    const offered = [...(first ? [first] : []), ...paths.filter((path) => path !== first)].filter(
      (path) => !known.includes(path),
    );
    const there = offered.map((path) => itemOf(path, path === first ? firstDetail : null));
    return [...there, browseItem(), ...(enter ? [addressItem()] : [])];
  });
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
  if (!picked) return undefined;
  if (picked.path !== undefined) return picked.path;
  if (picked.isAddress) return enter?.(title);
  const [uri] = await browse(title, false);
  return uri && (await checkpointAt(uri));
}

/** Several of them, in the order of the list. Undefined: the user backed out. */
export async function pickCheckpoints({
  title,
  placeHolder,
  except,
}: Pick<PickOptions, 'title' | 'placeHolder' | 'except'>): Promise<string[] | undefined> {
  const known = [except ?? []].flat();
  const items = findCheckpoints().then((paths) => [
    ...paths.filter((path) => !known.includes(path)).map((path) => itemOf(path, null)),
    browseItem(),
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    ...{ title, placeHolder, matchOnDescription: true },
    canPickMany: true,
  });
  if (!picked) return undefined;
  const paths = picked.flatMap(({ path }) => path ?? []);
  if (picked.some(({ path }) => path === undefined))
    for (const uri of await browse(title, true)) {
      const path = await checkpointAt(uri);
      if (path !== undefined && !known.includes(path) && !paths.includes(path)) paths.push(path);
    }
  return paths;
}

interface PickItem extends vscode.QuickPickItem {
  /** undefined: it is asked for once this is chosen */
  path: string | undefined;
  isAddress?: true;
}
const browseItem = (): PickItem => ({
  label: `$(folder-opened) ${vscode.l10n.t('Browse...')}`,
  description: vscode.l10n.t('a file or a folder on disk'),
  path: undefined,
});
const addressItem = (): PickItem => ({
  label: `$(cloud) ${vscode.l10n.t('Enter an Address...')}`,
  description: vscode.l10n.t('https://, hf:// or s3://'),
  path: undefined,
  isAddress: true,
});

async function browse(title: string, canSelectMany: boolean): Promise<vscode.Uri[]> {
  // Files and folders in one dialog exist on macOS only; elsewhere a folder's checkpoint is reached through its file.
  return (
    (await vscode.window.showOpenDialog({
      title,
      openLabel: vscode.l10n.t('Choose'),
      canSelectFiles: true,
      canSelectFolders: process.platform === 'darwin',
      canSelectMany,
      filters: {
        [vscode.l10n.t('Checkpoints')]: ['safetensors', 'json', 'gguf', 'pt', 'pth', 'bin', 'ckpt', 'npz', 'npy'],
      },
    })) ?? []
  );
}

/** "base" with its folder and file name, for models whose file is always called model.safetensors. */
function itemOf(path: string, detail: string | null): PickItem {
  const folder = dirname(path);
  const inWorkspace = isRemote(path) ? path : vscode.workspace.asRelativePath(join(folder, basename(path)));
  return {
    label: `$(package) ${label(basename(folder) || folder)}`,
    description: label(inWorkspace, 300),
    ...(detail === null ? {} : { detail }),
    path,
  };
}
