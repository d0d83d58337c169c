/** The services of one VS Code window, and what stands behind the stand-ins of extension.ts. Loaded at the first use of any. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from './commands/index.ts';
import { checkpointAt } from './commands/checkpoints.ts';
import { chooseFurther, compareFurther } from './commands/compareSeveral.ts';
import { commandRunner } from './commands/register.ts';
import { ComparisonPanels } from './comparison/panels.ts';
import { SeveralPanels } from './comparison/several/panels.ts';
import { SeveralStore } from './comparison/several/spec.ts';
import { ComparisonStore } from './comparison/store.ts';
import { Activity } from './host/activity.ts';
import { checkpointUri } from './host/checkpointUri.ts';
import { Credentials } from './host/credentials.ts';
import type { BaseSelection } from './editor/baseSelection.ts';
import type { EngineOptions } from './engine/options.ts';
import { COMPARISON_PANEL, SEVERAL_PANEL } from './host/contributed.ts';
import { InspectorProvider } from './editor/provider.ts';
import { RecentComparisons } from './explorer/recent.ts';
import { answerLine, CheckpointsProvider, recentCommands } from './explorer/view.ts';
import { GpuDocument } from './commands/gpuDocument.ts';
import { indexLens } from './hover/indexLens.ts';
import { WorkspaceCheckpoints } from './commands/workspaceCheckpoints.ts';
import { shownLog } from './host/log.ts';
import { WindowEngine } from './host/windowEngine.ts';
import { registerHoverLinks, TensorHovers } from './hover/provider.ts';
import { checkpointTools } from './tools/checkpointTools.ts';

export interface OffaxisWindow {
  readonly inspector: vscode.CustomReadonlyEditorProvider;
  /** by view type */
  readonly panels: Readonly<Record<string, vscode.WebviewPanelSerializer>>;
  readonly hovers: vscode.HoverProvider;
  /** above an index that is open as text */
  readonly indexLens: vscode.CodeLensProvider;
  readonly checkpoints: vscode.TreeDataProvider<unknown>;
  /** Whether those listed are there still: the view is on show again. */
  checkCheckpoints(): Promise<void>;
  readonly reports: vscode.TextDocumentContentProvider;
  /** Throws if it is not one of ours. */
  tool(name: string): vscode.LanguageModelTool<Record<string, unknown>>;
  /** A command of package.json, with what VS Code hands over. An error is shown, and not thrown. */
  run(command: string, ...args: unknown[]): Promise<void>;
  /** as they are set now */
  engineOptions(): EngineOptions;
  /** Ends the runs; what they have is saved. */
  close(): Promise<void>;
}

export function openWindow(context: vscode.ExtensionContext, base: BaseSelection): OffaxisWindow {
  const { extensionUri, workspaceState, subscriptions } = context;
  const log = shownLog(vscode.window.createOutputChannel('Offaxis', { log: true }));
  const caches = join(context.globalStorageUri.fsPath, 'cache');
  const credentials = new Credentials(context.secrets, log);
  const windowEngine = new WindowEngine({ extensionUri, caches, log, credentials });
  const engine = windowEngine.client;
  const activity = new Activity();
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
  const compare = (from: string, tuned: string): Promise<void> => comparisons.compare(from, tuned);
  const checkpoints = new CheckpointsProvider({ workspace, recent, base });
  const hovers = new TensorHovers({
    engine,
    log,
    workspace: () => workspace.list(),
    known: { checkpoints: () => inspector.known, comparisons: () => comparisons.known },
  });
  const tools = checkpointTools(engine, log);
  subscriptions.push(log, activity, credentials, windowEngine, comparisons, several, gpuDocument);
  subscriptions.push(
    workspace,
    recent,
    checkpoints,
    registerHoverLinks({ openTensor, showInComparison: (from, to, tensor) => comparisons.reveal(from, to, tensor) }),
  );
  return {
    inspector,
    panels: { [COMPARISON_PANEL]: comparisons, [SEVERAL_PANEL]: several },
    hovers,
    indexLens,
    checkpoints,
    checkCheckpoints: () => workspace.check(),
    reports: gpuDocument,
    tool(name) {
      const tool = tools.get(name);
      if (!tool) throw new Error(`package.json names the tool ${name}, which does not exist`);
      return tool;
    },
    run: commandRunner(
      { extensionUri, engine, log, inspector, comparisons, several, base, gpuDocument, revisions, caches, credentials },
      [...COMMANDS, ...recentCommands(recent, compare)],
    ),
    engineOptions: () => windowEngine.options(),
    close: async () => void (await Promise.all([comparisons.close(), several.close()])),
  };
}
