/** "Export Tensor...": one tensor into an .npy or a .safetensors file of its own, written by the engine. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { numberType } from '../numbers/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ExportFormat } from '../protocol/matrix.ts';
import { unpackFacts } from '../protocol/packedFacts.ts';
import { pathOrAddress } from './checkpoints.ts';
import { saveFolder } from '../host/saveFolder.ts';
import { uriOf, type Command, type CommandServices } from './register.ts';
import { label, notification } from '../text/show.ts';

export const exportTensor: Command = {
  id: 'offaxis.exportTensor',
  async run(services, checkpoint, name) {
    const uri = uriOf(checkpoint) ?? services.inspector.activeUri;
    if (!uri)
      throw new OffaxisError('bad-parameter', vscode.l10n.t('Open a checkpoint first: the tensor is chosen from it.'));
    const path = pathOrAddress(uri);
    const { tensors } = unpackFacts(await services.engine.call('open', { path }));
    const tensor =
      typeof name === 'string' ? tensors.find((row) => row.name === name) : await pickTensor(tensors.filter(isThere));
    if (!tensor) return;
    const format = await pickFormat(tensor);
    if (!format) return;
    const target = await askWhere(tensor, format);
    if (target) await write(services, path, tensor, format, target);
  },
};
const isThere = (row: TensorRow): boolean => !row.missing && row.offset !== null;

async function pickTensor(tensors: readonly TensorRow[]): Promise<TensorRow | undefined> {
  const items = tensors.map((row) => ({
    label: label(row.name),
    description: label(`${row.dtype} ${row.shape.join(' × ')}`),
    row,
  }));
  const options = { title: vscode.l10n.t('Export Tensor'), placeHolder: vscode.l10n.t('Choose a tensor') };
  return (await vscode.window.showQuickPick(items, options))?.row;
}

async function pickFormat({ dtype, name }: TensorRow): Promise<ExportFormat | undefined> {
  const type = label(dtype);
  const npy: vscode.QuickPickItem & { format: ExportFormat } = {
    label: '.npy',
    description: numberType(dtype)?.npy ? type : vscode.l10n.t('float32'),
    detail: numberType(dtype)?.npy
      ? vscode.l10n.t('NumPy array, every value as it is stored.')
      : vscode.l10n.t('NumPy array. NumPy has no {0}; float32 holds each of its values exactly.', type),
    format: 'npy',
  };
  const own: vscode.QuickPickItem & { format: ExportFormat } = {
    label: '.safetensors',
    description: type,
    detail: vscode.l10n.t('A checkpoint of this one tensor, the same bytes.'),
    format: 'safetensors',
  };
  // six-bit floats have no order of bits that a reader could rely on
  const items = dtype.startsWith('F6_') ? [own] : [npy, own];
  const options = { title: vscode.l10n.t('Export {0}', label(name)), placeHolder: vscode.l10n.t('Choose a format') };
  return (await vscode.window.showQuickPick(items, options))?.format;
}

async function askWhere({ name }: TensorRow, format: ExportFormat): Promise<string | undefined> {
  const file = `${name.replace(/[^\w.-]+/g, '-').slice(0, 200)}.${format}`;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Tensor'),
    defaultUri: vscode.Uri.file(join(saveFolder([]), file)),
    filters: format === 'npy' ? { NumPy: ['npy'] } : { Safetensors: ['safetensors'] },
  });
  if (!target) return undefined;
  if (target.scheme !== 'file')
    throw new OffaxisError(
      'bad-parameter',
      vscode.l10n.t('{0} is not on disk. Choose a folder on disk.', target.toString(true)),
    );
  return target.fsPath;
}

async function write(
  { engine, log }: CommandServices,
  path: string,
  tensor: TensorRow,
  format: ExportFormat,
  destination: string,
): Promise<void> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    cancellable: true,
    title: vscode.l10n.t('Exporting {0}', notification(tensor.name)),
  };
  const dtype = await vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const request = { path, tensor: tensor.name, destination, format };
    let told = 0;
    for await (const event of engine.stream('exportTensor', request, abort.signal)) {
      if (event.type === 'written') return event.dtype;
      const percent = event.total ? (100 * event.done) / event.total : 100;
      progress.report({ increment: percent - told });
      told = percent;
    }
    return tensor.dtype;
  });
  log.info(`exported ${tensor.name} of ${path} to ${destination} as ${dtype}`);
  const open = vscode.l10n.t('Reveal');
  const answer = await vscode.window.showInformationMessage(
    notification(vscode.l10n.t('Exported {0} to {1} as {2}.', label(tensor.name), destination, label(dtype))),
    open,
  );
  if (answer === open) await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(destination));
}
