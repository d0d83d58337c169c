/** VS Code's own watcher, which works for folders outside the workspace and on remote machines. */
import * as vscode from 'vscode';
import type { WatchFolder } from './diskMonitor.ts';

export const watchFolder: WatchFolder = (folder, listener) => {
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(
      vscode.Uri.file(folder),
      '*.{safetensors,json,gguf,pt,pth,bin,ckpt,npz,npy,distcp,metadata}',
    ),
  );
  const tell = (uri: vscode.Uri): void => listener(uri.fsPath);
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(tell),
    watcher.onDidChange(tell),
    watcher.onDidDelete(tell),
  );
};
