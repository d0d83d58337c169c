/** What the engine knows of the GPU, as a document that can be read, searched and copied, and not edited. Made when it is looked at. */
import * as vscode from 'vscode';
import type { EngineClient } from '../engine/client.ts';
import { gpuReportText } from '../export/gpu.ts';
import { REPORT_SCHEME } from '../host/contributed.ts';
import { shownError } from '../host/shownError.ts';
import { toWireError } from '../protocol/errors.ts';

export class GpuDocument implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly engine: Pick<EngineClient, 'call'>) {}

  /** Brings it to the front, with what is so now. */
  async show(): Promise<void> {
    const uri = vscode.Uri.from({ scheme: REPORT_SCHEME, path: `/${vscode.l10n.t('GPU Information')}` });
    if (vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString()))
      this.changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  async provideTextDocumentContent(): Promise<string> {
    const options = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Offaxis: looking for a GPU') };
    try {
      const report = await vscode.window.withProgress(options, () => this.engine.call('gpu', {}));
      return `${gpuReportText(report)}\n`;
    } catch (error) {
      return `${shownError(toWireError(error))}\n`;
    }
  }

  dispose(): void {
    this.changed.dispose();
  }
}
