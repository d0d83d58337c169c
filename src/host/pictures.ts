/** Pictures that a page drew, on their way to a file or to the clipboard. */
import * as vscode from 'vscode';
import { readsOf, writeWhole } from '../files/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { PictureFromView } from '../protocol/views.ts';
import { label } from '../text/show.ts';
import { askWhere, tellSaved } from './destination.ts';

/** A page is drawn by us, but what it sends is checked like everything from outside. Anything larger is not a picture of a page. */
const MOST_BYTES = 64e6;

/** `checkpoints`: what the page shows; outside a workspace the dialog begins beside the last. Throws bad-parameter or read-failed. */
export async function receivePicture(message: PictureFromView, ...checkpoints: string[]): Promise<void> {
  if (message.type === 'copyText') {
    await vscode.env.clipboard.writeText(message.text);
    vscode.window.setStatusBarMessage(
      `$(check) ${vscode.l10n.t('Offaxis: values of {0} copied', label(message.what))}`,
      3000,
    );
    return;
  }
  const { format, name, data } = message;
  if (data.length > MOST_BYTES)
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('The picture is too large to be saved. Make the page smaller.'),
    );
  const target = await askWhere({
    ...{ title: vscode.l10n.t('Save Picture'), name, ending: format, beside: checkpoints.toReversed() },
    filters: format === 'svg' ? { SVG: ['svg'] } : { PNG: ['png'] },
  });
  if (!target) return;
  if (target.scheme !== 'file' || !target.fsPath.toLowerCase().endsWith(`.${format}`))
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is not a place for a picture. Choose a .{1} file on disk.', target.toString(true), format),
    );
  const reads = await readsOf(checkpoints);
  await writeWhole(target.fsPath, format === 'png' ? Buffer.from(data, 'base64') : data, { reads });
  await tellSaved(target, vscode.l10n.t('Saved {0}.', target.fsPath));
}
