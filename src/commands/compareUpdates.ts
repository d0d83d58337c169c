/** Two checkpoints as a command was given them: base and tuned, or two updates of one base if the first is an adapter. */
import * as vscode from 'vscode';
import { updatePairsResult, updatePairsText } from '../export/updatePairs.ts';
import type { AdapterFacts } from '../protocol/adapter.ts';
import type { UpdatePairsResult } from '../protocol/updatePair.ts';
import { label } from '../text/show.ts';
import { baseOnDisk, pickCheckpoint } from './checkpoints.ts';
import type { CommandServices } from './register.ts';
import { offerAddress } from './remoteCheckpoint.ts';

/** An adapter is no base: what it changes stands beside what the other one changes, as `offaxis compare ADAPTER OTHER` prints it. */
export async function compareAny(services: CommandServices, first: string, second: string): Promise<void> {
  const one = await adapterAt(services, first);
  if (!one) return services.comparisons.compare(first, second);
  const other = await adapterAt(services, second);
  const base = await commonBase(services, [first, one], other && [second, other]);
  // The adapter's own base, put second.
  if (base !== undefined && base === second) return services.comparisons.compare(second, first);
  if (base !== undefined) await showUpdates(services, { one: first, other: second, base, adapters: [one, other] });
}

type At = [path: string, adapter: AdapterFacts];

/** Null of anything else, also of a whole model with an adapter in it, and of what can't be opened: the comparison says why. */
async function adapterAt({ engine }: CommandServices, path: string): Promise<AdapterFacts | null> {
  const facts = await engine.call('open', { path }).catch(() => null);
  return facts?.adapter && !facts.adapter.unmerged ? facts.adapter : null;
}

/** Null if none is needed; the one that an adapter names, else what is chosen; undefined if that was given up. */
async function commonBase(services: CommandServices, one: At, other: At | null): Promise<string | null | undefined> {
  if (other) {
    const known = await Promise.all([one, other].map(([path]) => services.engine.call('isKnownAlone', { path })));
    if (known.every(Boolean)) return null;
  }
  for (const [path, { base }] of other ? [one, other] : [one]) {
    const found = await baseOnDisk(path, base);
    if (found !== null) return found;
  }
  return pickCheckpoint({
    title: vscode.l10n.t('Compare Two Updates'),
    placeHolder: vscode.l10n.t('The base of both: before training'),
    except: one[0],
    ...offerAddress(services),
  });
}

async function showUpdates(
  { engine, log }: CommandServices,
  compared: Pick<UpdatePairsResult, 'one' | 'other' | 'base' | 'adapters'>,
): Promise<void> {
  const { one, other, base } = compared;
  const matrices: UpdatePairsResult['matrices'] = [];
  const skipped: UpdatePairsResult['skipped'] = [];
  const options = {
    location: vscode.ProgressLocation.Notification,
    cancellable: true,
    title: vscode.l10n.t('Comparing two updates'),
  };
  await vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    for await (const event of engine.stream('updatePairs', { one, other, base }, abort.signal)) {
      if (event.type === 'matrix') matrices.push(event.value);
      else if (event.type === 'skipped') skipped.push(event.value);
      else progress.report({ message: vscode.l10n.t('{0} of {1}', event.done, event.total) });
    }
  });
  const text = updatePairsText(updatePairsResult({ ...compared, matrices, skipped })).join('\n');
  log.info(`compared the updates of ${label(one)} and ${label(other)}, ${matrices.length} matrices`);
  const document = await vscode.workspace.openTextDocument({ content: `${text}\n` });
  await vscode.window.showTextDocument(document, { preview: false });
}
