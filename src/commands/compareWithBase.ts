import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import type { Command, CommandServices } from './register.ts';
import { uriOf } from './register.ts';
import { checkpointAt, pickCheckpoint } from './checkpoints.ts';

/** "Compare with Base" in the explorer: the selected base against this one. */
export const compareWithBase: Command = {
  id: 'offaxis.compareWithBase',
  async run(services, ...args) {
    const uri = uriOf(args[0]);
    const tuned = uri
      ? await checkpointAt(uri)
      : await pickCheckpoint({
          title: vscode.l10n.t('Compare with Base'),
          placeHolder: vscode.l10n.t('The tuned one: after training'),
          ...except(services),
        });
    if (tuned !== undefined) await compareToBase(services, tuned);
  },
};

/** "Compare with Base..." in the editor title: asks for the base if none is selected. */
export const compareWithBaseFromEditor: Command = {
  id: 'offaxis.compareWithBaseFromEditor',
  async run(services, ...args) {
    const uri = uriOf(args[0]) ?? services.inspector.activeUri;
    if (!uri)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('No checkpoint is open. Open a .safetensors file, or run "Offaxis: Compare Checkpoints...".'),
      );
    const tuned = await checkpointAt(uri);
    if (tuned !== undefined) await compareToBase(services, tuned);
  },
};

function except({ base }: CommandServices): { except?: string } {
  return base.path === null ? {} : { except: base.path };
}

/** A checkpoint is not its own base: then the base is asked for, too. */
async function compareToBase({ base: selection, comparisons }: CommandServices, tuned: string): Promise<void> {
  const selected = selection.path === tuned ? null : selection.path;
  const base =
    selected ??
    (await pickCheckpoint({
      title: vscode.l10n.t('Compare with Base'),
      placeHolder: vscode.l10n.t('The base: before training'),
      except: tuned,
    }));
  if (base !== undefined) await comparisons.compare(base, tuned);
}
