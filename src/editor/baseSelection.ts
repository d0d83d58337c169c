/** The checkpoint selected as base in this workspace; kept over a reload. */
import * as vscode from 'vscode';
import { isRemote } from '../bytes/index.ts';

const KEY = 'offaxis.base';
const CONTEXT_KEY = 'offaxis.hasBase';

export class BaseSelection implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<string | null>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly memento: vscode.Memento) {
    void vscode.commands.executeCommand('setContext', CONTEXT_KEY, this.path !== null);
  }

  get path(): string | null {
    return this.memento.get<string | null>(KEY, null);
  }

  /** The same, if it is not a remote address: pages of several runs watch their files. */
  get pathOnDisk(): string | null {
    return this.path === null || isRemote(this.path) ? null : this.path;
  }

  async select(path: string | null): Promise<void> {
    await this.memento.update(KEY, path);
    await vscode.commands.executeCommand('setContext', CONTEXT_KEY, path !== null);
    this.changed.fire(path);
  }

  dispose(): void {
    this.changed.dispose();
  }
}
