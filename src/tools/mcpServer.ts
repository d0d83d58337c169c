/** The assistant's tools as an MCP server that VS Code offers by itself, over the folders that are open. It starts when VS Code asks. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { EngineOptions } from '../engine/options.ts';

/** As in package.json. */
const PROVIDER_ID = 'offaxis.mcp';

export interface McpServices {
  extensionUri: vscode.Uri;
  version: string;
  /** as they are set now */
  options(): Promise<EngineOptions>;
}

export function registerMcpServer(services: McpServices): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    changed,
    vscode.workspace.onDidChangeWorkspaceFolders(() => changed.fire()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('offaxis')) changed.fire();
    }),
    vscode.lm.registerMcpServerDefinitionProvider(PROVIDER_ID, {
      onDidChangeMcpServerDefinitions: changed.event,
      provideMcpServerDefinitions: () => definitions(services),
    }),
  );
}

/** None without a folder on disk: there would be nothing that it may read. */
async function definitions({
  extensionUri,
  version,
  options,
}: McpServices): Promise<vscode.McpStdioServerDefinition[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  if (!folders[0]) return [];
  const { backend, threads, memoryBytes, cache } = await options();
  const server = new vscode.McpStdioServerDefinition(
    'Offaxis',
    process.execPath,
    [
      vscode.Uri.joinPath(extensionUri, 'dist', 'cli.mjs').fsPath,
      'mcp',
      `--backend=${backend}`,
      ...(threads > 0 ? [`--threads=${threads}`] : []),
      ...(memoryBytes > 0 ? [`--memory=${memoryBytes}`] : []),
      cache ? `--cache-size=${cache.maxBytes}` : '--no-cache',
      ...folders.map(({ uri }) => `--root=${uri.fsPath}`),
    ],
    // as for the engine: Electron runs as plain Node, without what is meant for other programs
    { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: null, ...(cache ? { OFFAXIS_CACHE: dirname(cache.folder) } : {}) },
    version,
  );
  server.cwd = folders[0].uri;
  return [server];
}
