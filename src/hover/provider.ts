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
import { candidates, isAdapterConfig, isCheckpointName, ownCheckpoints } from './places.ts';
import { stringAt } from './strings.ts';
import type { EngineLog } from '../engine/launch.ts';

const SELECTOR: vscode.DocumentSelector = [
  { scheme: 'file', pattern: '**/*.safetensors.index.json' },
  { scheme: 'file', pattern: '**/adapter_config.json' },
  ...['python', 'yaml', 'json', 'jsonc'].map((language) => ({ scheme: 'file', language })),
  { scheme: 'vscode-notebook-cell', language: 'python' },
];

export interface HoverServices {
  engine: Pick<EngineClient, 'call'>;
  known: KnownResults;
  log: EngineLog;
}

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
      const folders = vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath) ?? [];
      for (const candidate of candidates(text, path, folders)) {
        const facts = await this.headers.facts(candidate, signal);
        if (facts) return fileHover(facts, basename(candidate), context);
      }
      return null;
    }
    const match = (facts: CheckpointFacts): Match | null =>
      matchName(facts.tensors, text) ?? (isAdapterConfig(path) ? matchModule(facts.tensors, text) : null);
    for await (const facts of this.checkpoints(path, signal)) {
      const found = match(facts);
      if (found) return tensorHover(facts, found, context);
    }
    return null;
  }

  /** The document's own checkpoint first, then what is open, then those of its folder. */
  private async *checkpoints(document: string, signal: AbortSignal): AsyncGenerator<CheckpointFacts, void, undefined> {
    const { known } = this.services;
    const own = await ownCheckpoints(document);
    const isOwn = isCheckpointName(document) || isAdapterConfig(document);
    const open = [
      ...known.checkpoints().map(({ path }) => path),
      ...known.comparisons().flatMap(({ base, tuned }) => [base, tuned]),
    ];
    for (const path of new Set(isOwn ? [...own, ...open] : [...open, ...own])) {
      if (signal.aborted) return;
      const facts =
        known.checkpoints().find((one) => one.path === path)?.facts ?? (await this.headers.facts(path, signal));
      if (facts) yield facts;
    }
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

function trusted(text: string): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text);
  markdown.isTrusted = { enabledCommands: [OPEN_TENSOR, SHOW_IN_COMPARISON] };
  return markdown;
}

export interface HoverTargets {
  openTensor(checkpoint: string, tensor: string | null): Promise<void>;
  showInComparison(base: string, tuned: string, tensor: string | null): Promise<void>;
}

/** Registers the hovers, and the two commands behind their links. */
export function registerHovers(services: HoverServices, targets: HoverTargets): vscode.Disposable {
  const isText = (value: unknown): value is string => typeof value === 'string';
  const isTensor = (value: unknown): value is string | null => value === null || isText(value);
  return vscode.Disposable.from(
    vscode.languages.registerHoverProvider(SELECTOR, new TensorHovers(services)),
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
