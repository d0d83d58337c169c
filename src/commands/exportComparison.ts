import * as vscode from 'vscode';
import type { ComparisonController } from '../comparison/controller.ts';
import { exportComparison as save, exportReport as saveReport } from '../comparison/save.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { Command, CommandServices } from './register.ts';

/** "Export Comparison...": the comparison in front, as CSV or JSON. */
export const exportComparison: Command = {
  id: 'offaxis.exportComparison',
  run: async (services) => save(inFront(services)),
};
/** "Export Report...": the same as a document. */
export const exportReport: Command = {
  id: 'offaxis.exportReport',
  run: async (services) => saveReport(inFront(services)),
};

function inFront({ comparisons }: CommandServices): ComparisonController {
  const controller = comparisons.active;
  if (!controller)
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('No comparison is in front. Open one with "Offaxis: Compare Checkpoints...".'),
    );
  return controller;
}
