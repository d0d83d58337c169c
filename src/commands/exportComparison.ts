import * as vscode from 'vscode';
import { exportComparison as save } from '../comparison/save.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { Command } from './register.ts';

/** "Export Comparison...": the comparison in front, as CSV or JSON. */
export const exportComparison: Command = {
  id: 'offaxis.exportComparison',
  async run({ comparisons }) {
    const controller = comparisons.active;
    if (!controller)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('No comparison is in front. Open one with "Offaxis: Compare Checkpoints...".'),
      );
    await save(controller);
  },
};
