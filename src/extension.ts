/** Builds the services and registers what package.json contributes. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from './commands/index.ts';
import { checkpointAt } from './commands/checkpoints.ts';
import { registerCommands } from './commands/register.ts';
import { ComparisonPanels } from './comparison/panels.ts';
import { ComparisonStore } from './comparison/store.ts';
import { Activity } from './host/activity.ts';
import { BaseSelection } from './editor/baseSelection.ts';
import { InspectorProvider, registerInspector } from './editor/provider.ts';
import { shownLog } from './host/log.ts';
import { WindowEngine } from './host/windowEngine.ts';
import { registerHovers } from './hover/provider.ts';
import { registerTools } from './tools/register.ts';

/** What deactivate has to wait for; VS Code calls it without the context. */
let closing: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const { extensionUri, workspaceState, subscriptions } = context;
  const log = shownLog(vscode.window.createOutputChannel('Offaxis', { log: true }));
  const windowEngine = new WindowEngine(extensionUri, log);
  const engine = windowEngine.client;
  const activity = new Activity();
  const base = new BaseSelection(workspaceState);
  const inspector = new InspectorProvider({ extensionUri, engine, log, activity, base });
  const store = new ComparisonStore(join((context.storageUri ?? context.globalStorageUri).fsPath, 'comparisons'));
  const openTensor = async (checkpoint: string, tensor: string | null): Promise<void> => {
    const path = await checkpointAt(vscode.Uri.file(checkpoint));
    // A part of a fused tensor, "NAME#q", is shown by its tensor.
    if (path !== undefined)
      await inspector.open(vscode.Uri.file(path), tensor?.replace(/#[^#]*$/, ''), vscode.ViewColumn.Beside);
  };
  const comparisons = new ComparisonPanels({
    extensionUri,
    engine,
    log,
    activity,
    store,
    memento: workspaceState,
    toldGpu: context.globalState,
    useCpu: () => windowEngine.useCpu(),
    openTensor,
  });
  subscriptions.push(
    log,
    activity,
    base,
    windowEngine,
    comparisons,
    registerInspector(inspector),
    registerTools(engine, log),
    comparisons.register(),
    registerHovers(
      { engine, log, known: { checkpoints: () => inspector.known, comparisons: () => comparisons.known } },
      { openTensor, showInComparison: (from, to, tensor) => comparisons.reveal(from, to, tensor) },
    ),
    registerCommands({ extensionUri, engine, log, inspector, comparisons, base }, COMMANDS),
  );
  closing = () => comparisons.close();
}

/** The runs end and save what they have, within the time that VS Code gives. */
export async function deactivate(): Promise<void> {
  await closing?.();
}
