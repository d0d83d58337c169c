/** "Export": asks where, and writes CSV or JSON by the name's ending. */
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { comparisonCsv } from '../export/csv.ts';
import { comparisonJson } from '../export/json.ts';
import { readsOf, writeWhole } from '../files/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonController } from './controller.ts';
import { notification } from '../text/show.ts';

/** Throws bad-parameter, before anything is computed, if the file must not be written, and read-failed if it cannot be. */
export async function exportComparison(controller: ComparisonController): Promise<void> {
  const result = controller.result();
  const { baseName, tunedName } = controller.view;
  const name = `${baseName}-to-${tunedName}`.replace(/[^\w.-]+/g, '-');
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? dirname(controller.spec.tuned);
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Comparison'),
    defaultUri: vscode.Uri.file(join(folder, `${name}.csv`)),
    filters: {
      [vscode.l10n.t('CSV, one row a tensor')]: ['csv'],
      [vscode.l10n.t('JSON, offaxis.comparison/1')]: ['json'],
    },
  });
  if (!target) return;
  const path = target.fsPath;
  if (target.scheme !== 'file')
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is not a place for an export. Choose a .csv or .json file on disk.', target.toString(true)),
    );
  const { base, tuned } = controller.spec;
  const text = /\.json$/i.test(path) ? comparisonJson(result) : comparisonCsv(result);
  await writeWhole(path, text, { reads: await readsOf([base, tuned]) });
  const { done, planned } = result.summary.matrices;
  const message =
    done < planned
      ? vscode.l10n.t('Exported to {0} ({1} of {2} matrices so far).', path, done, planned)
      : vscode.l10n.t('Exported to {0}.', path);
  if (await vscode.window.showInformationMessage(notification(message), vscode.l10n.t('Open')))
    await vscode.commands.executeCommand('vscode.open', target);
}
