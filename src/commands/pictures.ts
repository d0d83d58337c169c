import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import type { PictureAction } from '../protocol/views.ts';
import type { Command } from './register.ts';

/** From the context menu of a picture. VS Code hands over what the page put beside it: the id of the picture. */
function pictureCommand(id: string, action: PictureAction): Command {
  return {
    id,
    async run({ comparisons, several, inspector }, context) {
      const picture = typeof context === 'object' && context !== null && 'picture' in context ? context.picture : null;
      if (typeof picture !== 'string') return;
      const message = { type: 'picture', picture, action } as const;
      if (!comparisons.post(message) && !several.post(message)) inspector.post(message);
    },
  };
}
export const PICTURE_COMMANDS: readonly Command[] = [
  pictureCommand('offaxis.savePictureAsSvg', 'svg'),
  pictureCommand('offaxis.savePictureAsSvgOnWhite', 'svg-white'),
  pictureCommand('offaxis.savePictureAsPng', 'png'),
  pictureCommand('offaxis.copyPictureAsTsv', 'tsv'),
];

/** "Export Comparison Figure...": the comparison in front as one SVG; asks for its colours. */
export const exportFigure: Command = {
  id: 'offaxis.exportComparisonFigure',
  async run({ comparisons }) {
    if (!comparisons.active)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('No comparison is in front. Open one with "Offaxis: Compare Checkpoints...".'),
      );
    const items = [
      { label: vscode.l10n.t('On white'), description: vscode.l10n.t('for papers and slides'), white: true },
      { label: vscode.l10n.t('As on screen'), description: vscode.l10n.t('the colours of the theme'), white: false },
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Export Comparison Figure'),
      placeHolder: vscode.l10n.t('Which colours?'),
    });
    if (picked) comparisons.post({ type: 'figure', white: picked.white });
  },
};
