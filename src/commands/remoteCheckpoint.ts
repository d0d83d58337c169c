/** Checkpoints at remote addresses: one that is entered, opened or put into a comparison, and the token that lets the engine in. */
import * as vscode from 'vscode';
import { hubAddress, isRemote, remote } from '../bytes/index.ts';
import { checkpointUri } from '../host/checkpointUri.ts';
import { notAnAddress } from '../host/credentials.ts';
import { shownError } from '../host/shownError.ts';
import { toWireError } from '../protocol/errors.ts';
import { label, notification } from '../text/show.ts';
import { chooseAmong, type PickOptions } from './checkpoints.ts';
import type { Command, CommandServices } from './register.ts';

type Services = Pick<CommandServices, 'engine' | 'credentials'>;

/** "Open Remote Checkpoint...": asks for an address, or takes the one that it is called with. */
export const openRemoteCheckpoint: Command = {
  id: 'offaxis.openRemoteCheckpoint',
  async run(services, given) {
    const title = vscode.l10n.t('Open Remote Checkpoint');
    const path = typeof given === 'string' ? await locate(services, given) : await enterAddress(services, title);
    if (path !== undefined) await services.inspector.open(checkpointUri(path));
  },
};

/** For pickers of either side of a comparison. */
export function offerAddress(services: Services): Pick<PickOptions, 'enter'> {
  return { enter: (title) => enterAddress(services, title) };
}

/** The address of a checkpoint, as it may be shown. Undefined: the reader backed out. */
async function enterAddress(services: Services, title: string): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t(
      'For example hf://owner/name, hf://owner/name@revision/folder, s3://bucket/folder or https://host/model.safetensors. Only headers are read to open it.',
    ),
    placeHolder: 'hf://owner/name',
    // An address is often fetched from another window.
    ignoreFocusOut: true,
    validateInput: faultOf,
  });
  return typed === undefined ? undefined : locate(services, typed);
}

/** Nothing is asked of any server while somebody types. */
function faultOf(text: string): string | vscode.InputBoxValidationMessage | null {
  const typed = text.trim();
  if (typed === '') return vscode.l10n.t('Enter an address.');
  try {
    const hub = hubAddress(typed);
    if (!isRemote(typed)) return notAnAddress();
    remote.check(hub ?? typed);
    if (hub === null) return null;
    return { message: vscode.l10n.t('It is read as {0}.', hub), severity: vscode.InputBoxValidationSeverity.Info };
  } catch (error) {
    return shownError(toWireError(error));
  }
}

/** Throws bad-file, bad-parameter and read-failed. */
async function locate({ engine, credentials }: Services, typed: string): Promise<string | undefined> {
  const trimmed = typed.trim();
  const address = credentials.admit(hubAddress(trimmed) ?? trimmed);
  const paths = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: notification(vscode.l10n.t('Looking at {0}', label(address))),
    },
    (_, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      return engine.call('locate', { address }, abort.signal);
    },
  );
  const path = await chooseAmong(address, paths);
  // One of several may be a folder of its own.
  return path === undefined || paths.length === 1 || path === address ? path : locate({ engine, credentials }, path);
}

/** "Set Hugging Face Token...": kept by VS Code among its secrets; nothing entered removes it. */
export const setHuggingFaceToken: Command = {
  id: 'offaxis.setHuggingFaceToken',
  async run({ credentials }) {
    const entered = await vscode.window.showInputBox({
      title: vscode.l10n.t('Set Hugging Face Token'),
      prompt: vscode.l10n.t(
        'For private and gated models. Your system keeps it encrypted, and it is sent to the Hub alone. Leave it empty to remove it; HF_TOKEN is then used, if it is set.',
      ),
      placeHolder: 'hf_…',
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) =>
        /^[\x21-\x7e]*$/.test(text.trim()) ? null : vscode.l10n.t('A token has letters, digits and signs only.'),
    });
    if (entered === undefined) return;
    const token = entered.trim();
    await credentials.setHubToken(token === '' ? null : token);
    vscode.window.setStatusBarMessage(
      token === ''
        ? `$(check) ${vscode.l10n.t('Offaxis: Hugging Face token removed')}`
        : `$(check) ${vscode.l10n.t('Offaxis: Hugging Face token set')}`,
      4000,
    );
  },
};
