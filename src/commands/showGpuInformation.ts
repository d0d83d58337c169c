import * as vscode from 'vscode';
import { gpuReportText } from '../export/gpu.ts';
import type { Command } from './register.ts';

/** "Show GPU Information": what the engine found, what it computes on, and why. */
export const showGpuInformation: Command = {
  id: 'offaxis.showGpuInformation',
  async run({ engine }) {
    const report = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Offaxis: looking for a GPU') },
      () => engine.call('gpu', {}),
    );
    const document = await vscode.workspace.openTextDocument({ content: `${gpuReportText(report)}\n` });
    await vscode.window.showTextDocument(document, { preview: true });
  },
};
