/** The assistant's tools in VS Code: names and schemas stand in package.json, the work is the assistant's, on the engine's process. */
import { basename, dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import {
  callTool,
  estimatedBudget,
  isPartOfCheckpoint,
  rootsOf,
  TOOLS,
  type AssistantEngine,
  type Roots,
  type ToolName,
} from '../assistant/index.ts';
import type { EngineClient } from '../engine/client.ts';
import type { EngineLog } from '../engine/launch.ts';
import { OffaxisError, toWireError } from '../protocol/errors.ts';
import { forModel, visible } from '../text/show.ts';
import { unpackFacts } from '../protocol/packedFacts.ts';

type Input = Record<string, unknown>;
/** Paths that a question names. */
const MOST_NAMED = 16;

/** By the names of package.json. */
export function checkpointTools(
  engine: EngineClient,
  log: EngineLog,
): ReadonlyMap<string, vscode.LanguageModelTool<Input>> {
  return new Map(TOOLS.map(({ name }) => [name, new CheckpointTool(name, engineOf(engine), log)]));
}

class CheckpointTool implements vscode.LanguageModelTool<Input> {
  constructor(
    private readonly name: ToolName,
    private readonly engine: AssistantEngine,
    private readonly log: EngineLog,
  ) {}

  /** Nothing is read before the user has agreed: a path may lie anywhere on the machine. */
  prepareInvocation({ input }: vscode.LanguageModelToolInvocationPrepareOptions<Input>): vscode.PreparedToolInvocation {
    const path = (key: string): string => (typeof input[key] === 'string' ? shown(input[key]) : '?');
    const list = (key: string): string => {
      const paths = Array.isArray(input[key]) ? (input[key] as unknown[]).slice(0, MOST_NAMED) : [];
      return paths.map((one) => (typeof one === 'string' ? shown(one) : '?')).join(', ') || '?';
    };
    switch (this.name) {
      case 'offaxis_inspect_checkpoint': {
        const asked = [
          input['statistics'] === true ? vscode.l10n.t('statistics') : '',
          input['spectra'] === true ? vscode.l10n.t('singular spectra') : '',
          input['scan'] === true ? vscode.l10n.t('a scan of every weight') : '',
        ].filter(Boolean);
        return {
          invocationMessage: vscode.l10n.t('Inspecting {0}', path('path')),
          confirmationMessages: {
            title: vscode.l10n.t('Inspect Checkpoint'),
            message: asked.length
              ? vscode.l10n.t('Read the checkpoint {0}, with {1}?', path('path'), asked.join(', '))
              : vscode.l10n.t('Read the headers of the checkpoint {0}?', path('path')),
          },
        };
      }
      case 'offaxis_compare_checkpoints':
        return {
          invocationMessage: vscode.l10n.t('Comparing {0} with {1}', path('base'), path('tuned')),
          confirmationMessages: {
            title: vscode.l10n.t('Compare Checkpoints'),
            message:
              input['spectra'] === false
                ? vscode.l10n.t('Read {0} and {1} whole, and count what changed?', path('base'), path('tuned'))
                : vscode.l10n.t(
                    'Read {0} and {1} whole, and compute their spectra? That can take minutes on all cores.',
                    path('base'),
                    path('tuned'),
                  ),
          },
        };
      case 'offaxis_compare_runs':
      case 'offaxis_compare_steps': {
        const tuned = list(this.name === 'offaxis_compare_runs' ? 'tuned' : 'steps');
        return {
          invocationMessage: vscode.l10n.t('Comparing {0} with {1}', path('base'), tuned),
          confirmationMessages: {
            title:
              this.name === 'offaxis_compare_runs' ? vscode.l10n.t('Compare Runs') : vscode.l10n.t('Compare Steps'),
            message:
              input['spectra'] === false
                ? vscode.l10n.t('Read {0} and {1} whole, and count what changed?', path('base'), tuned)
                : vscode.l10n.t(
                    'Read {0} and {1} whole, and compute their spectra? That can take minutes on all cores.',
                    path('base'),
                    tuned,
                  ),
          },
        };
      }
      case 'offaxis_verify_checkpoints':
        return {
          invocationMessage: vscode.l10n.t('Verifying {0} against {1}', path('a'), path('b')),
          confirmationMessages: {
            title: vscode.l10n.t('Verify Checkpoints'),
            message: vscode.l10n.t('Read {0} and {1} whole, and compare every weight?', path('a'), path('b')),
          },
        };
      case 'offaxis_find_tensors':
        return {
          invocationMessage: vscode.l10n.t('Finding tensors in {0}', path('path')),
          confirmationMessages: {
            title: vscode.l10n.t('Find Tensors'),
            message: vscode.l10n.t('Read the headers of the checkpoint {0}?', path('path')),
          },
        };
    }
  }

  async invoke(
    { input, tokenizationOptions }: vscode.LanguageModelToolInvocationOptions<Input>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    const abort = new AbortController();
    if (token.isCancellationRequested) abort.abort();
    const listener = token.onCancellationRequested(() => abort.abort());
    const start = performance.now();
    try {
      const text = await callTool(this.name, input, {
        engine: this.engine,
        resolve: workspacePath,
        roots: await rootsFor(input),
        budget: (requested) =>
          tokenizationOptions
            ? {
                limit: Math.min(requested, tokenizationOptions.tokenBudget),
                count: async (candidate) => tokenizationOptions.countTokens(candidate, token),
              }
            : estimatedBudget(requested),
        signal: abort.signal,
      });
      this.log.info(`${this.name}: ${text.length} characters in ${(performance.now() - start).toFixed(0)} ms`);
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
    } catch (error) {
      const { code, message } = toWireError(error);
      if (code === 'cancelled') throw new vscode.CancellationError();
      this.log.error(`${this.name}: ${message}`);
      // The model reads this, and can ask again in a better way.
      throw new Error(message, { cause: error });
    } finally {
      listener.dispose();
    }
  }
}

/** A path in a question to the user: on one line, and without marks that the message would draw. */
function shown(path: string): string {
  return visible(path.replace(/\s+/g, ' '), 300).replace(/[`*_[\]<>\\]/g, '\\$&');
}

/** Relative paths are looked for in the workspace's folders; the first one stands if there are several. */
function workspacePath(path: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    const uri = vscode.Uri.parse(path);
    if (uri.scheme === 'file') return uri.fsPath;
    throw new OffaxisError(
      'bad-parameter',
      `${forModel(path)} is not a path on this machine. Offaxis reads local files only.`,
    );
  }
  if (isAbsolute(path)) return path;
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  if (!folder)
    throw new OffaxisError(
      'bad-parameter',
      `${forModel(path)} is relative, but no folder is open. Give an absolute path.`,
    );
  return join(folder.uri.fsPath, path);
}

/** The user agreed to read these paths; links out of their folders and the workspace's are another matter. */
function rootsFor(input: Input): Promise<Roots> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const paths = ['path', 'base', 'tuned', 'steps', 'a', 'b'].flatMap((key) => input[key]);
  for (const path of paths) {
    if (typeof path !== 'string') continue;
    const absolute = workspacePath(path.replace(/^\d+=/, ''));
    folders.push(isPartOfCheckpoint(basename(absolute)) ? dirname(absolute) : absolute);
  }
  return rootsOf(folders);
}

function engineOf(client: EngineClient): AssistantEngine {
  return {
    open: async (params, signal) => unpackFacts(await client.call('open', params, signal)),
    modules: (params, signal) => client.call('modules', params, signal),
    inspect: (params, signal) => client.stream('inspect', params, signal),
    compare: (params, signal) => client.stream('compare', params, signal),
    scan: (params, signal) => client.stream('scan', params, signal),
    several: (params, signal) => client.stream('several', params, signal),
    verify: (params, signal) => client.stream('verify', params, signal),
  };
}
