/** The checkpoints of the workspace's folders, by their names. Nothing is looked for before somebody asks. */
import { stat } from 'node:fs/promises';
import { sep } from 'node:path';
import * as vscode from 'vscode';
import { groupCheckpoints, isCheckpointFile } from './checkpointPaths.ts';

/** A workspace may be a whole disk of models. */
const MAX_FILES = 5000;
const FILES = '**/*.{safetensors,safetensors.index.json,safetensors.index.*.json,gguf,pt,pth,ckpt,bin.index.json}';

/** A list that is kept until files come or go. */
export class WorkspaceCheckpoints implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires after a list was given that holds no more. */
  readonly onDidChange = this.changed.event;
  /** Found, or being found, since the last event: whoever asks after an event has it found anew. */
  private listed: Promise<readonly string[]> | undefined;
  private watched: vscode.Disposable | undefined;

  /** As `findCheckpoints`. */
  list(): Promise<readonly string[]> {
    this.watched ??= this.watch();
    this.listed ??= this.find();
    return this.listed;
  }

  /** Looks once more, as of some folders VS Code tells nothing: excluded ones, or more than the system watches. */
  async check(): Promise<void> {
    if (!this.listed) return;
    const nothing = (): null => null;
    const [known, now] = await Promise.all([this.listed.catch(nothing), findCheckpoints().catch(nothing)]);
    if (known && now && known.join('\0') !== now.join('\0')) this.forget();
  }

  dispose(): void {
    this.watched?.dispose();
    this.changed.dispose();
  }

  /** One that can't be found is not kept. */
  private find(): Promise<readonly string[]> {
    const finding = findCheckpoints();
    finding.catch(() => {
      if (this.listed === finding) this.listed = undefined;
    });
    return finding;
  }

  private forget(): void {
    if (!this.listed) return;
    this.listed = undefined;
    this.changed.fire();
  }

  /** All of the workspace: of a folder that goes or is moved, VS Code may tell the folder alone. */
  private watch(): vscode.Disposable {
    const forget = (): void => this.forget();
    const came = async ({ fsPath }: vscode.Uri): Promise<void> => {
      if (isCheckpointFile(fsPath) || (await isFolder(fsPath))) forget();
    };
    const went = async ({ fsPath }: vscode.Uri): Promise<void> => {
      if (isCheckpointFile(fsPath)) return forget();
      // A list that is being found may hold what has gone in the meantime.
      const paths = (await this.listed?.catch(() => [])) ?? [];
      if (paths.some((path) => path.startsWith(fsPath + sep))) forget();
    };
    const watcher = vscode.workspace.createFileSystemWatcher('**', false, true, false);
    return vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(came),
      watcher.onDidDelete(went),
      vscode.workspace.onDidChangeWorkspaceFolders(forget),
    );
  }
}

/** Names of models hold dots: the name alone does not tell. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Paths, sorted: a sharded one by its index. Names only; nothing is read. */
export async function findCheckpoints(): Promise<string[]> {
  const uris = await vscode.workspace.findFiles(FILES, '**/node_modules/**', MAX_FILES);
  return groupCheckpoints(uris.filter((uri) => uri.scheme === 'file').map((uri) => uri.fsPath));
}
