import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import type { Command, CommandServices } from './register.ts';
import { uriOf } from './register.ts';
import { compareAny } from './compareUpdates.ts';
import { baseOnDisk, checkpointAt, pickCheckpoint } from './checkpoints.ts';
import { offerAddress } from './remoteCheckpoint.ts';
import { label } from '../text/show.ts';

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
          ...offerAddress(services),
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
        vscode.l10n.t('No checkpoint is open. Open one, or run "Offaxis: Compare Checkpoints...".'),
      );
    const tuned = await checkpointAt(uri);
    if (tuned !== undefined) await compareToBase(services, tuned);
  },
};

function except({ base }: CommandServices): { except?: string } {
  return base.path === null ? {} : { except: base.path };
}

/** A checkpoint is not its own base: then the base is asked for, too; the one that an adapter names is offered first. */
async function compareToBase(services: CommandServices, tuned: string): Promise<void> {
  const selected = services.base.path === tuned ? null : services.base.path;
  const base = selected ?? (await askForBase(services, tuned));
  if (base !== undefined) await compareAny(services, base, tuned);
}

async function askForBase(services: CommandServices, tuned: string): Promise<string | undefined> {
  // What can't be opened is said by the comparison.
  const adapter = await services.engine.call('open', { path: tuned }).then(
    (facts) => facts.adapter,
    () => null,
  );
  const title = vscode.l10n.t('Compare with Base');
  if (!adapter)
    return pickCheckpoint({
      title,
      placeHolder: vscode.l10n.t('The base: before training'),
      except: tuned,
      ...offerAddress(services),
    });
  const path = await baseOnDisk(tuned, adapter.base);
  const named = label(adapter.base ?? '');
  return pickCheckpoint({
    title,
    placeHolder:
      path !== null || named === ''
        ? vscode.l10n.t('The base that the adapter was trained on')
        : vscode.l10n.t('The base that the adapter was trained on, {0}, was not found on this machine', named),
    except: tuned,
    first: path,
    firstDetail: vscode.l10n.t('Named by the adapter'),
    ...offerAddress(services),
  });
}
