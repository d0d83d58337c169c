/** What a page asks about single matrices and VS Code itself answers: the clipboard and the export; the rest goes to the engine. */
import * as vscode from 'vscode';
import type { MatrixRequest } from '../protocol/matrix.ts';
import type { MatrixRequests } from './matrixRequests.ts';
import { label } from '../text/show.ts';

const MESSAGE_MS = 3000;

/** `checkpoint`: whose tensors are exported. */
export async function receiveMatrix(
  request: MatrixRequest,
  requests: MatrixRequests,
  checkpoint?: vscode.Uri,
): Promise<void> {
  switch (request.type) {
    case 'copy':
      await vscode.env.clipboard.writeText(request.text);
      vscode.window.setStatusBarMessage(
        `$(check) ${vscode.l10n.t('Offaxis: {0} copied', label(request.what))}`,
        MESSAGE_MS,
      );
      return;
    case 'export':
      await vscode.commands.executeCommand('offaxis.exportTensor', checkpoint, request.tensor);
      return;
    case 'values':
    case 'picture':
    case 'cancel':
      return requests.handle(request);
  }
}
