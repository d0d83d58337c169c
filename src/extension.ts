/** Builds the services and registers what package.json contributes. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from './commands/index.ts';
import { checkpointAt } from './commands/checkpoints.ts';
import { chooseFurther, compareFurther } from './commands/compareSeveral.ts';
import { registerCommands } from './commands/register.ts';
import { ComparisonPanels } from './comparison/panels.ts';
import { SeveralPanels } from './comparison/several/panels.ts';
import { SeveralStore } from './comparison/several/spec.ts';
import { ComparisonStore } from './comparison/store.ts';
import { Activity } from './host/activity.ts';
import { checkpointUri } from './host/checkpointUri.ts';
import { Credentials } from './host/credentials.ts';
import { BaseSelection } from './editor/baseSelection.ts';
import { registerIndexLens } from './hover/indexLens.ts';
import { InspectorProvider, registerInspector } from './editor/provider.ts';
import { RecentComparisons } from './explorer/recent.ts';
import { answerLine, registerCheckpointsView } from './explorer/view.ts';
import { GpuDocument } from './commands/gpuDocument.ts';
import { WorkspaceCheckpoints } from './commands/workspaceCheckpoints.ts';
import { shownLog } from './host/log.ts';
import { WindowEngine } from './host/windowEngine.ts';
import { registerHovers } from './hover/provider.ts';
import { registerMcpServer } from './tools/mcpServer.ts';
import { registerTools } from './tools/register.ts';

/** What deactivate has to wait for; VS Code calls it without the context. */
let closing: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const { extensionUri, workspaceState, subscriptions } = context;
  const log = shownLog(vscode.window.createOutputChannel('Offaxis', { log: true }));
  const caches = join(context.globalStorageUri.fsPath, 'cache');
  const credentials = new Credentials(context.secrets, log);
  const windowEngine = new WindowEngine({ extensionUri, caches, log, credentials });
  const engine = windowEngine.client;
  const activity = new Activity();
  const base = new BaseSelection(workspaceState);
  const revisions = join(context.globalStorageUri.fsPath, 'revisions');
  const gpuDocument = new GpuDocument(engine);
  const workspace = new WorkspaceCheckpoints();
  const recent = new RecentComparisons(workspaceState);
  const inspector = new InspectorProvider({ extensionUri, engine, log, activity, base });
  const store = new ComparisonStore(join((context.storageUri ?? context.globalStorageUri).fsPath, 'comparisons'));
  const openTensor = async (checkpoint: string, tensor: string | null): Promise<void> => {
    const path = await checkpointAt(checkpointUri(checkpoint));
    // A part of a fused tensor, "NAME#q", is shown by its tensor.
    if (path !== undefined)
      await inspector.open(checkpointUri(path), tensor?.replace(/#[^#]*$/, ''), vscode.ViewColumn.Beside);
  };
  const several: SeveralPanels = new SeveralPanels({
    extensionUri,
    engine,
    log,
    activity,
    store: new SeveralStore(join((context.storageUri ?? context.globalStorageUri).fsPath, 'several')),
    memento: workspaceState,
    openTensor,
    openPair: (from, tuned, tensor) => comparisons.reveal(from, tuned, tensor),
    chooseRun: chooseFurther,
    checkpointAt,
  });
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
    compareFurther: (compared, further) => compareFurther({ several }, compared, further),
    finished: ({ base: from, tuned, title, answer }) =>
      recent.add({ base: from, tuned, title, answer: answer ? answerLine(answer) : '' }),
  });
  subscriptions.push(
    log,
    activity,
    base,
    credentials,
    windowEngine,
    comparisons,
    several,
    gpuDocument,
    workspace,
    registerInspector(inspector),
    registerIndexLens(),
    registerTools(engine, log),
    registerMcpServer({ extensionUri, version: versionOf(context), options: () => windowEngine.options() }),
    comparisons.register(),
    several.register(),
    registerHovers(
      {
        engine,
        log,
        workspace: () => workspace.list(),
        known: { checkpoints: () => inspector.known, comparisons: () => comparisons.known },
      },
      { openTensor, showInComparison: (from, to, tensor) => comparisons.reveal(from, to, tensor) },
    ),
    recent,
    registerCheckpointsView({ workspace, recent, base }, (from, to) => comparisons.compare(from, to)),
    registerCommands(
      { extensionUri, engine, log, inspector, comparisons, several, base, gpuDocument, revisions, caches, credentials },
      COMMANDS,
    ),
  );
  closing = async () => void (await Promise.all([comparisons.close(), several.close()]));
}

function versionOf({ extension }: vscode.ExtensionContext): string {
  return (extension.packageJSON as { version: string }).version;
}

/** The runs end and save what they have, within the time that VS Code gives. */
export async function deactivate(): Promise<void> {
  await closing?.();
}
