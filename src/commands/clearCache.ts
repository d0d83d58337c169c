import * as vscode from 'vscode';
import { clearCache as clear, resultsFolder } from '../cache/index.ts';
import { bytes } from '../export/plain.ts';
import type { Command } from './register.ts';

/** "Clear Cache": what was computed in any window of this machine is computed again when it is asked for. */
export const clearCache: Command = {
  id: 'offaxis.clearCache',
  async run({ caches, log }) {
    const folder = resultsFolder(caches);
    const { entries, sizeBytes } = await clear(folder);
    log.info(`cache cleared: ${entries} results of ${sizeBytes} bytes in ${folder}`);
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Offaxis removed what it had kept of earlier comparisons: {0}.', bytes(sizeBytes)),
    );
  },
};
