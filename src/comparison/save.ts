/** "Export": asks where, and writes the figures (CSV or JSON) or a document (HTML or Markdown) by the name's ending. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { reportCommandLine } from '../export/commandLine.ts';
import { comparisonCsv } from '../export/csv.ts';
import { comparisonJson } from '../export/json.ts';
import { readsOf, refuseDestination, writeWhole } from '../files/index.ts';
import { saveFolder } from '../host/saveFolder.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonResult } from '../protocol/results.ts';
import { reportFormat, reportText } from '../report/index.ts';
import type { ComparisonController } from './controller.ts';
import { notification } from '../text/show.ts';

/** Throws bad-parameter, before anything is computed, if the file must not be written, and read-failed if it cannot be. */
export async function exportComparison(controller: ComparisonController): Promise<void> {
  const result = controller.result();
  const target = await askWhere(controller, vscode.l10n.t('Export Comparison'), 'csv', {
    [vscode.l10n.t('CSV, one row a tensor')]: ['csv'],
    [vscode.l10n.t('JSON, offaxis.comparison/1')]: ['json'],
  });
  if (!target) return;
  const path = target.fsPath;
  if (target.scheme !== 'file')
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is not a place for an export. Choose a .csv or .json file on disk.', target.toString(true)),
    );
  const text = /\.json$/i.test(path) ? comparisonJson(result) : comparisonCsv(result);
  await writeWhole(path, text, { reads: await readsOf(sidesOf(controller)) });
  await tell(target, result);
}

/** What `offaxis report` writes of the same comparison. Throws as above, and if the files have changed since. */
export async function exportReport(controller: ComparisonController): Promise<void> {
  // refuses before the dialog what it would refuse after it
  controller.result();
  const target = await askWhere(controller, vscode.l10n.t('Export Report'), 'html', {
    [vscode.l10n.t('HTML, one file with its pictures')]: ['html'],
    [vscode.l10n.t('Markdown')]: ['md'],
  });
  if (!target) return;
  const path = target.fsPath;
  const format = reportFormat(path);
  if (target.scheme !== 'file' || !format)
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is not a place for a report. Choose a .html or .md file on disk.', target.toString(true)),
    );
  const reads = await readsOf(sidesOf(controller));
  await refuseDestination(path, { reads });
  const reported = await controller.reported();
  const command = reportCommandLine(controller.spec, path);
  await writeWhole(path, [reportText({ ...reported, command }, format)], { reads });
  await tell(target, reported.result);
}

const sidesOf = ({ spec: { base, tuned } }: ComparisonController): string[] => [base, tuned];

async function askWhere(
  { view: { baseName, tunedName }, spec }: ComparisonController,
  title: string,
  ending: string,
  filters: Record<string, string[]>,
): Promise<vscode.Uri | undefined> {
  const name = `${baseName}-to-${tunedName}`.replace(/[^\w.-]+/g, '-');
  const folder = saveFolder([spec.tuned, spec.base]);
  const defaultUri = vscode.Uri.file(join(folder, `${name}.${ending}`));
  return vscode.window.showSaveDialog({ title, defaultUri, filters });
}

async function tell(target: vscode.Uri, { summary }: ComparisonResult): Promise<void> {
  const { done, planned } = summary.matrices;
  const message =
    done < planned
      ? vscode.l10n.t('Exported to {0} ({1} of {2} matrices so far).', target.fsPath, done, planned)
      : vscode.l10n.t('Exported to {0}.', target.fsPath);
  if (await vscode.window.showInformationMessage(notification(message), vscode.l10n.t('Open')))
    await vscode.commands.executeCommand('vscode.open', target);
}
