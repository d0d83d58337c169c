/** What all commands share: their services, and that an error reaches the user as one sentence. */
import * as vscode from 'vscode';
import type { ComparisonPanels } from '../comparison/panels.ts';
import type { SeveralPanels } from '../comparison/several/panels.ts';
import type { BaseSelection } from '../editor/baseSelection.ts';
import type { EngineClient } from '../engine/client.ts';
import type { InspectorProvider } from '../editor/provider.ts';
import type { GpuDocument } from './gpuDocument.ts';
import { toWireError } from '../protocol/errors.ts';
import { shownError } from '../host/shownError.ts';
import { notification } from '../text/show.ts';
import type { Credentials } from '../host/credentials.ts';
import type { Log } from '../host/log.ts';

export interface CommandServices {
  extensionUri: vscode.Uri;
  engine: EngineClient;
  log: Log;
  inspector: InspectorProvider;
  comparisons: ComparisonPanels;
  several: SeveralPanels;
  base: BaseSelection;
  gpuDocument: GpuDocument;
  /** a folder of ours for checkpoints as Git has them */
  revisions: string;
  /** what lets the engine in at remote addresses */
  credentials: Credentials;
  /** a folder of ours for what is kept between runs */
  caches: string;
}
/** One file a command. Arguments come from menus, key bindings or other extensions: they are checked. */
export interface Command {
  id: string;
  readonly run: (services: CommandServices, ...args: unknown[]) => Promise<void>;
}

/** Runs a command by its id. */
export function commandRunner(
  services: CommandServices,
  commands: readonly Command[],
): (id: string, ...args: unknown[]) => Promise<void> {
  const known = new Map(commands.map((command) => [command.id, command]));
  return async (id, ...args) => {
    try {
      const command = known.get(id);
      if (!command) throw new Error(`package.json names the command ${id}, which does not exist`);
      await command.run(services, ...args);
    } catch (error) {
      const wire = toWireError(error);
      const { code, message } = wire;
      if (code === 'cancelled') return;
      services.log.error(`${id}: ${code === 'bug' && error instanceof Error ? error.stack : message}`);
      const answer = await vscode.window.showErrorMessage(notification(shownError(wire)), vscode.l10n.t('Show Log'));
      if (answer) services.log.show();
    }
  };
}

/** A URI, or that of a row in a view: of source control, or of our own. */
export function uriOf(value: unknown): vscode.Uri | undefined {
  const uri = typeof value === 'object' && value !== null && 'resourceUri' in value ? value.resourceUri : value;
  return uri instanceof vscode.Uri ? uri : undefined;
}
