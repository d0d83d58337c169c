/**
 * What VS Code loads at activation, which any Python or JSON file may cause: it registers what package.json contributes, each as a stand-in.
 * All else (window.ts, a bundle of its own, about thirty times as large) is loaded when the first of them is used.
 */
import * as vscode from 'vscode';
import { BaseSelection } from './editor/baseSelection.ts';
import {
  CHECKPOINTS_VIEW,
  COMPARISON_PANEL,
  HOVERED,
  INDEXES,
  INSPECTOR,
  REPORT_SCHEME,
  SEVERAL_PANEL,
} from './host/contributed.ts';
import { appendAll } from './protocol/lists.ts';
import { registerMcpServer } from './tools/mcpServer.ts';
import type { OffaxisWindow } from './window.ts';

/** What package.json says of the extension, as far as it is read here. */
interface Manifest {
  version: string;
  contributes: { commands: readonly { command: string }[]; languageModelTools: readonly { name: string }[] };
}

/** Its first call loads the window's services. */
type Opened = () => Promise<OffaxisWindow>;

/** What deactivate has to wait for; VS Code calls it without the context. */
let closing: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const { version, contributes } = context.extension.packageJSON as Manifest;
  const base = new BaseSelection(context.workspaceState);
  let opening: Promise<OffaxisWindow> | undefined;
  const opened: Opened = () => (opening ??= import('./window.ts').then(({ openWindow }) => openWindow(context, base)));
  closing = async () => (await opening)?.close();
  appendAll(context.subscriptions, [
    base,
    ...contributes.commands.map(({ command }) =>
      vscode.commands.registerCommand(command, async (...args: unknown[]) => (await opened()).run(command, ...args)),
    ),
    ...contributes.languageModelTools.map(({ name }) => registerTool(name, opened)),
    ...registerEditors(opened),
    ...[COMPARISON_PANEL, SEVERAL_PANEL].map((panel) =>
      vscode.window.registerWebviewPanelSerializer(panel, {
        deserializeWebviewPanel: async (view, state) =>
          (await opened()).panels[panel]?.deserializeWebviewPanel(view, state),
      }),
    ),
    vscode.languages.registerHoverProvider(HOVERED, {
      provideHover: async (...asked) => (await opened()).hovers.provideHover(...asked),
    }),
    vscode.languages.registerCodeLensProvider(INDEXES, {
      provideCodeLenses: async (...asked) => (await opened()).indexLens.provideCodeLenses(...asked),
    }),
    ...registerCheckpointsView(opened),
    ...registerReports(opened),
    registerMcpServer({
      version,
      extensionUri: context.extensionUri,
      options: async () => (await opened()).engineOptions(),
    }),
  ]);
}

/** The runs end and save what they have, within the time that VS Code gives. */
export async function deactivate(): Promise<void> {
  await closing?.();
}

function registerTool(name: string, opened: Opened): vscode.Disposable {
  return vscode.lm.registerTool<Record<string, unknown>>(name, {
    prepareInvocation: async (options, token) => (await opened()).tool(name).prepareInvocation?.(options, token),
    invoke: async (options, token) => (await opened()).tool(name).invoke(options, token),
  });
}

function registerEditors(opened: Opened): vscode.Disposable[] {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: async (...asked) => (await opened()).inspector.openCustomDocument(...asked),
    resolveCustomEditor: async (...asked) => (await opened()).inspector.resolveCustomEditor(...asked),
  };
  return Object.values(INSPECTOR).map((viewType) =>
    vscode.window.registerCustomEditorProvider(viewType, provider, { supportsMultipleEditorsPerDocument: true }),
  );
}

/** VS Code asks for rows only while the view is on show. */
function registerCheckpointsView(opened: Opened): vscode.Disposable[] {
  const { changed, loaded } = following(
    opened,
    ({ checkpoints }) => checkpoints,
    (rows) => rows.onDidChangeTreeData,
  );
  const treeDataProvider: vscode.TreeDataProvider<unknown> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (node) => (await loaded()).getChildren(node),
    getTreeItem: async (node) => (await loaded()).getTreeItem(node),
  };
  const view = vscode.window.createTreeView(CHECKPOINTS_VIEW, { treeDataProvider, showCollapseAll: true });
  const shown = view.onDidChangeVisibility(async ({ visible }) => {
    if (visible) await (await opened()).checkCheckpoints();
  });
  return [changed, view, shown];
}

function registerReports(opened: Opened): vscode.Disposable[] {
  const { changed, loaded } = following(
    opened,
    ({ reports }) => reports,
    (reports) => reports.onDidChange,
  );
  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changed.event,
    provideTextDocumentContent: async (...asked) => (await loaded()).provideTextDocumentContent(...asked),
  };
  return [changed, vscode.workspace.registerTextDocumentContentProvider(REPORT_SCHEME, provider)];
}

/** A part of the window that tells of changes, and an event that VS Code can listen to before the part is there. */
function following<Part, Change>(
  opened: Opened,
  partOf: (window: OffaxisWindow) => Part,
  changesOf: (part: Part) => vscode.Event<Change> | undefined,
): { changed: vscode.EventEmitter<Change>; loaded: () => Promise<Part> } {
  const changed = new vscode.EventEmitter<Change>();
  let part: Promise<Part> | undefined;
  const load = async (): Promise<Part> => {
    const found = partOf(await opened());
    changesOf(found)?.((change) => changed.fire(change));
    return found;
  };
  return { changed, loaded: () => (part ??= load()) };
}
