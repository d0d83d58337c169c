/** The checkpoints of the workspace's folders, by their names. Nothing is looked for before somebody asks. */
import { basename, sep } from 'node:path';
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
  private listed: Promise<readonly string[]> | undefined;
  private watched: vscode.Disposable | undefined;

  /** As `findCheckpoints`. */
  list(): Promise<readonly string[]> {
    this.watched ??= this.watch();
    this.listed ??= findCheckpoints();
    return this.listed;
  }

  dispose(): void {
    this.watched?.dispose();
    this.changed.dispose();
  }

  /** All of the workspace: of a folder that goes or is moved, VS Code may tell the folder alone. */
  private watch(): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher('**', false, true, false);
    const forget = (): void => {
      if (!this.listed) return;
      this.listed = undefined;
      this.changed.fire();
    };
    const came = ({ fsPath }: vscode.Uri): void => {
      if (isCheckpointFile(fsPath) || !basename(fsPath).includes('.')) forget();
    };
    const went = async ({ fsPath }: vscode.Uri): Promise<void> => {
      const paths = (await this.listed?.catch(() => [])) ?? [];
      if (isCheckpointFile(fsPath) || paths.some((path) => path.startsWith(fsPath + sep))) forget();
    };
    return vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(came),
      watcher.onDidDelete(went),
      vscode.workspace.onDidChangeWorkspaceFolders(forget),
    );
  }
}

/** Paths, sorted: a sharded one by its index. Names only; nothing is read. */
export async function findCheckpoints(): Promise<string[]> {
  const uris = await vscode.workspace.findFiles(FILES, '**/node_modules/**', MAX_FILES);
  return groupCheckpoints(uris.filter((uri) => uri.scheme === 'file').map((uri) => uri.fsPath));
}
