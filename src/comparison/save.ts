/** "Export": asks where, and writes the figures (CSV or JSON) or a document (HTML or Markdown) by the name's ending; of several checkpoints JSON. */
import * as vscode from 'vscode';
import { reportCommandLine } from '../export/commandLine.ts';
import { comparisonCsv } from '../export/csv.ts';
import { resultJson } from '../export/json.ts';
import { readsOf, refuseDestination, writeWhole } from '../files/index.ts';
import { askWhere, tellSaved, type Wanted } from '../host/destination.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonSummary } from '../protocol/results.ts';
import { reportFormat, reportText } from '../report/index.ts';
import type { ComparisonController } from './controller.ts';
import type { SeveralController } from './several/controller.ts';
import { pathsOf } from './several/spec.ts';

/** Throws bad-parameter, before anything is computed, if the file must not be written, and read-failed if it cannot be. */
export async function exportComparison(controller: ComparisonController): Promise<void> {
  const result = controller.result();
  const target = await askWhere({
    ...wanted(controller),
    ...{ title: vscode.l10n.t('Export Comparison'), ending: 'csv' },
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
  const text = /\.json$/i.test(path) ? resultJson(result) : comparisonCsv(result);
  await writeWhole(path, text, { reads: await readsOf(sidesOf(controller)) });
  await told(target, [result.summary]);
}

/** What `offaxis report` writes of the same comparison. Throws as above, and if the files have changed since. */
export async function exportReport(controller: ComparisonController): Promise<void> {
  // refuses before the dialog what it would refuse after it
  controller.result();
  const target = await askWhere({
    ...wanted(controller),
    ...{ title: vscode.l10n.t('Export Report'), ending: 'html' },
    filters: {
      [vscode.l10n.t('HTML, one file with its pictures')]: ['html'],
      [vscode.l10n.t('Markdown')]: ['md'],
    },
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
  await told(target, [reported.result.summary]);
}

/** Of several checkpoints. Throws as above. `title`: of its panel. */
export async function exportSeveral(controller: SeveralController, title: string): Promise<void> {
  const result = controller.result();
  const target = await askWhere({
    title: vscode.l10n.t('Export Comparison'),
    ...{ name: title, ending: 'json', beside: [controller.spec.base] },
    filters: { [vscode.l10n.t('JSON, {0}', result.schema)]: ['json'] },
  });
  if (!target) return;
  if (target.scheme !== 'file')
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is not a place for an export. Choose a .json file on disk.', target.toString(true)),
    );
  await writeWhole(target.fsPath, resultJson(result), { reads: await readsOf(pathsOf(controller.spec)) });
  await told(target, result.comparisons);
}

const sidesOf = ({ spec: { base, tuned } }: ComparisonController): string[] => [base, tuned];

/** For both documents of a comparison. */
const wanted = ({ view: { baseName, tunedName }, spec }: ComparisonController): Pick<Wanted, 'name' | 'beside'> => ({
  name: `${baseName}-to-${tunedName}`,
  beside: [spec.tuned, spec.base],
});

async function told(target: vscode.Uri, summaries: readonly ComparisonSummary[]): Promise<void> {
  const done = summaries.reduce((sum, { matrices }) => sum + matrices.done, 0);
  const planned = summaries.reduce((sum, { matrices }) => sum + matrices.planned, 0);
  await tellSaved(
    target,
    done < planned
      ? vscode.l10n.t('Exported to {0} ({1} of {2} matrices so far).', target.fsPath, done, planned)
      : vscode.l10n.t('Exported to {0}.', target.fsPath),
  );
}
