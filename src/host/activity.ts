/** The status bar item: there while something runs, and only then. */
import * as vscode from 'vscode';
import { label } from '../text/show.ts';

export class Activity implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('offaxis.activity', vscode.StatusBarAlignment.Left);
  private readonly running = new Map<object, string>();

  constructor() {
    this.item.name = 'Offaxis';
    this.item.command = 'offaxis.showLog';
  }

  /** What `owner` is doing, in a few words; null when it is done. */
  report(owner: object, text: string | null): void {
    if (text === null) this.running.delete(owner);
    else this.running.set(owner, text);
    const texts = Array.from(this.running.values(), (text) => label(text));
    if (texts.length === 0) return this.item.hide();
    this.item.text = `$(loading~spin) Offaxis: ${texts.length === 1 ? texts[0] : vscode.l10n.t('{0} tasks', texts.length)}`;
    this.item.tooltip = texts.join('\n');
    this.item.show();
  }

  dispose(): void {
    this.item.dispose();
  }
}
