/** "Export Mask...": which weights belong to a mask (METRICS section E), as a file for training, written by the engine. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { DEFAULT_RHO, type MaskKind, type MaskRequest } from '../protocol/mask.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { DEFAULT_PARAMETERS } from '../protocol/results.ts';
import { label, notification } from '../text/show.ts';
import { checkpointAt, pickCheckpoint } from './checkpoints.ts';
import { saveFolder } from '../host/saveFolder.ts';
import { uriOf, type Command, type CommandServices } from './register.ts';

export const exportMask: Command = {
  id: 'offaxis.exportMask',
  async run(services, checkpoint) {
    const uri = uriOf(checkpoint) ?? services.inspector.activeUri;
    const compared = uri ? undefined : services.comparisons.active?.spec;
    const title = vscode.l10n.t('Export Mask');
    const base =
      compared?.base ??
      (uri
        ? await checkpointAt(uri)
        : await pickCheckpoint({ title, placeHolder: vscode.l10n.t('Choose the base, whose weights the mask is of') }));
    if (base === undefined) return;
    const kind = await pickKind(title, compared !== undefined);
    if (kind === undefined) return;
    const destination = await askWhere(title, base, kind);
    if (destination === undefined) return;
    const { alpha, maskRank } = compared?.parameters ?? DEFAULT_PARAMETERS;
    const tuned = kind === 'changed' ? (compared?.tuned ?? null) : null;
    const packed = false;
    await write(services, { base, tuned, kind, alpha, maskRank, rho: DEFAULT_RHO, tensors: null, packed, destination });
  },
};

async function pickKind(title: string, isPair: boolean): Promise<MaskKind | undefined> {
  const item = (kind: MaskKind, name: string, detail: string) => ({
    label: name,
    description: kind,
    detail,
    mask: kind,
  });
  const items = [
    item(
      'principal',
      vscode.l10n.t('Principal weights'),
      vscode.l10n.t('The largest of the low-rank reconstruction: what carries the main directions.'),
    ),
    item('off-principal', vscode.l10n.t('Off-principal weights'), vscode.l10n.t('All others.')),
    item('low', vscode.l10n.t('Small weights'), vscode.l10n.t('The smallest magnitudes.')),
    item('safe', vscode.l10n.t('Safe weights'), vscode.l10n.t('Small, or not principal: where RL moves weights.')),
    item(
      'geo',
      vscode.l10n.t("GeoRA's weights"),
      vscode.l10n.t('The smallest of the rank-16 reconstruction, or the smallest magnitudes.'),
    ),
    ...(isPair
      ? [
          item(
            'changed',
            vscode.l10n.t('Changed weights'),
            vscode.l10n.t('What training changed in the comparison in front.'),
          ),
        ]
      : []),
  ];
  const options = { title, placeHolder: vscode.l10n.t('Choose which weights the mask holds') };
  return (await vscode.window.showQuickPick(items, options))?.mask;
}

async function askWhere(title: string, base: string, kind: MaskKind): Promise<string | undefined> {
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(saveFolder([base]), `mask-${kind}.safetensors`)),
    filters: { Safetensors: ['safetensors'] },
  });
  if (!target) return undefined;
  if (target.scheme === 'file') return target.fsPath;
  throw new OffaxisError(
    'bad-parameter',
    vscode.l10n.t('{0} is not on disk. Choose a folder on disk.', target.toString(true)),
  );
}

async function write({ engine, log }: CommandServices, request: MaskRequest): Promise<void> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    cancellable: true,
    title: vscode.l10n.t('Writing the mask'),
  };
  let [weights, ones, leftOut] = [0, 0, 0];
  const file = await vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    let told = 0;
    for await (const event of engine.stream('mask', request, abort.signal)) {
      if (event.type === 'written') return event.files.at(-1) ?? request.destination;
      if (event.type === 'plan') leftOut = event.skipped.filter(({ beyond }) => beyond).length;
      if (event.type === 'tensor') {
        weights += event.weights;
        ones += event.ones;
      }
      if (event.type !== 'progress') continue;
      const percent = (100 * event.done) / event.total;
      progress.report({ increment: percent - told });
      told = percent;
    }
    return request.destination;
  });
  log.info(`mask ${request.kind} of ${request.base}: ${ones} of ${weights} weights, to ${file}`);
  const open = vscode.l10n.t('Reveal');
  const share = `${((100 * ones) / Math.max(1, weights)).toPrecision(3)} %`;
  if (leftOut > 0)
    void vscode.window.showWarningMessage(
      vscode.l10n.t(
        'Not in the mask for lack of memory (tensors): {0}. Raise offaxis.memory and write it again.',
        leftOut,
      ),
    );
  const answer = await vscode.window.showInformationMessage(
    notification(vscode.l10n.t('Wrote the mask to {0}: {1} of the weights.', label(file), share)),
    open,
  );
  if (answer === open) await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(file));
}
