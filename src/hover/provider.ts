/** Hovers in text editors: tensor names and paths of checkpoints. Headers and results at hand only; nothing is ever analyzed. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { EngineClient } from '../engine/client.ts';
import type { CheckpointFacts } from '../protocol/engine.ts';
import { toWireError } from '../protocol/errors.ts';
import { fileHover, OPEN_TENSOR, SHOW_IN_COMPARISON, tensorHover, type HoverContext } from './content.ts';
import { HeaderCache } from './headers.ts';
import type { KnownResults } from './known.ts';
import { matchModule, matchName, type Match } from './match.ts';
import { candidates, isAdapterConfig, isCheckpointName, namedCheckpoints, ownCheckpoints } from './places.ts';
import { stringAt } from './strings.ts';
import type { EngineLog } from '../engine/launch.ts';

export interface HoverServices {
  engine: Pick<EngineClient, 'call'>;
  known: KnownResults;
  log: EngineLog;
  /** paths of the workspace's checkpoints */
  workspace(): Promise<readonly string[]>;
}

/** What is worth a look into files that nobody has open: names of tensors have parts, and most strings of a script have none. */
const MAY_BE_A_NAME = /^[^\s.]+(\.[^\s.]+)+\.?$/;
/** Headers of checkpoints that nobody has open, gone through for one name: the rest of a large workspace is not. */
const MOST_LOOKED_AT = 8;

export class TensorHovers implements vscode.HoverProvider {
  private readonly headers: HeaderCache;

  constructor(private readonly services: HoverServices) {
    this.headers = new HeaderCache(services.engine);
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | null> {
    if (!vscode.workspace.getConfiguration('offaxis', document).get<boolean>('hover.enabled', true)) return null;
    const span = stringAt(document.lineAt(position.line).text, position.character, document.languageId === 'yaml');
    if (!span) return null;
    const abort = new AbortController();
    const listener = token.onCancellationRequested(() => abort.abort());
    try {
      const markdown = await this.describe(span.text, document, abort.signal);
      if (!markdown || token.isCancellationRequested) return null;
      const range = new vscode.Range(position.line, span.start, position.line, span.end);
      return new vscode.Hover(trusted(markdown), range);
    } catch (error) {
      // A hover that fails is not shown: the reason is in the log.
      const { code, message } = toWireError(error);
      if (code !== 'cancelled') this.services.log.debug(`hover over ${span.text}: ${message}`);
      return null;
    } finally {
      listener.dispose();
    }
  }

  private async describe(text: string, document: vscode.TextDocument, signal: AbortSignal): Promise<string | null> {
    const path = document.uri.fsPath;
    const context = this.context();
    if (isCheckpointName(text)) {
      for (const candidate of candidates(text, path, workspaceFolders())) {
        const facts = await this.headers.facts(candidate, signal);
        if (facts) return fileHover(facts, basename(candidate), context);
      }
      return null;
    }
    const match = (facts: CheckpointFacts): Match | null =>
      matchName(facts.tensors, text) ?? (isAdapterConfig(path) ? matchModule(facts.tensors, text) : null);
    for await (const facts of this.checkpoints(document, text, signal)) {
      const found = match(facts);
      if (found) return tensorHover(facts, found, context);
    }
    return null;
  }

  /**
   * The document's own checkpoint first, then what is open, then what a script names, those of its folder, and those of the workspace.
   * One whose header cannot be read is passed over.
   */
  private async *checkpoints(
    document: vscode.TextDocument,
    text: string,
    signal: AbortSignal,
  ): AsyncGenerator<CheckpointFacts, void, undefined> {
    const seen = new Set<string>();
    let lookedAt = 0;
    for await (const path of this.paths(document, text)) {
      if (signal.aborted) return;
      if (seen.has(path)) continue;
      seen.add(path);
      const known = this.services.known.checkpoints().find((one) => one.path === path)?.facts;
      if (!known && ++lookedAt > MOST_LOOKED_AT) return;
      const facts =
        known ?? (await this.headers.facts(path, signal).catch((error: unknown) => this.passOver(path, error)));
      if (facts) yield facts;
    }
  }

  private async *paths(document: vscode.TextDocument, text: string): AsyncGenerator<string, void, undefined> {
    const { known, workspace } = this.services;
    const path = document.uri.fsPath;
    const isOwn = isCheckpointName(path) || isAdapterConfig(path);
    if (isOwn) yield* await ownCheckpoints(path);
    yield* known.checkpoints().map((one) => one.path);
    yield* known.comparisons().flatMap(({ base, tuned }) => [base, tuned]);
    if (isOwn) return;
    if (MAY_BE_A_NAME.test(text)) yield* await namedCheckpoints(document.getText(), path, workspaceFolders());
    yield* await ownCheckpoints(path);
    if (MAY_BE_A_NAME.test(text)) yield* await workspace();
  }

  private passOver(path: string, error: unknown): null {
    const { code, message } = toWireError(error);
    if (code === 'cancelled') throw error;
    this.services.log.debug(`hover: ${path}: ${message}`);
    return null;
  }

  private context(): HoverContext {
    const { HighContrastLight, Light } = vscode.ColorThemeKind;
    const { kind } = vscode.window.activeColorTheme;
    // A picture in a hover knows no theme colours: dark ink on light themes, light ink on dark ones.
    const ink =
      kind === Light || kind === HighContrastLight
        ? { line: '#0b62b0', quiet: '#616161' }
        : { line: '#6cb2f5', quiet: '#b5b5b5' };
    return { l10n: vscode.l10n, known: this.services.known, ink };
  }
}

const workspaceFolders = (): string[] => vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath) ?? [];

function trusted(text: string): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text);
  markdown.isTrusted = { enabledCommands: [OPEN_TENSOR, SHOW_IN_COMPARISON] };
  return markdown;
}

export interface HoverTargets {
  openTensor(checkpoint: string, tensor: string | null): Promise<void>;
  showInComparison(base: string, tuned: string, tensor: string | null): Promise<void>;
}

/** Registers the two commands behind the links of hovers. */
export function registerHoverLinks(targets: HoverTargets): vscode.Disposable {
  const isText = (value: unknown): value is string => typeof value === 'string';
  const isTensor = (value: unknown): value is string | null => value === null || isText(value);
  return vscode.Disposable.from(
    vscode.commands.registerCommand(OPEN_TENSOR, async (checkpoint: unknown, tensor: unknown = null) => {
      if (isText(checkpoint) && isTensor(tensor)) await targets.openTensor(checkpoint, tensor);
    }),
    vscode.commands.registerCommand(
      SHOW_IN_COMPARISON,
      async (base: unknown, tuned: unknown, tensor: unknown = null) => {
        if (isText(base) && isText(tuned) && isTensor(tensor)) await targets.showInComparison(base, tuned, tensor);
      },
    ),
  );
}
