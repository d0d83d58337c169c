/** "Export Mask...": what it asks and what is written, with VS Code's dialogs answered here and a real engine behind it. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import type { MaskRequest } from '../../../src/protocol/mask.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';

const asked = vi.hoisted(() => ({ kinds: [] as string[], answer: 'low', target: '', said: '' }));
vi.mock('vscode', () => {
  class Uri {
    readonly scheme = 'file';
    constructor(readonly fsPath: string) {}
    static file = (path: string): Uri => new Uri(path);
  }
  return {
    Uri,
    l10n: { t: (text: string, ...args: unknown[]) => text.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])) },
    ProgressLocation: { Notification: 15 },
    workspace: { workspaceFolders: undefined },
    window: {
      showQuickPick: async (items: { mask: string }[]) => {
        asked.kinds = items.map(({ mask }) => mask);
        return items.find(({ mask }) => mask === asked.answer);
      },
      showSaveDialog: async () => (asked.target ? new Uri(asked.target) : undefined),
      showInformationMessage: async (text: string) => void (asked.said = text),
      withProgress: (_: unknown, task: (progress: object, token: object) => Promise<unknown>) =>
        task({ report: () => undefined }, { onCancellationRequested: () => undefined }),
    },
  };
});

const folder = temporaryFolder();
let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());
beforeEach(() => Object.assign(asked, { kinds: [], answer: 'low', target: '', said: '' }));

const BASE = resolve('media/samples/base');
async function run(uri: string | null, compared: object | null): Promise<void> {
  const { exportMask } = await import('../../../src/commands/exportMask.ts');
  const { Uri } = await import('vscode');
  await exportMask.run(
    {
      engine: { stream: (_: string, params: MaskRequest, signal: AbortSignal) => analysis.mask(params, signal) },
      log: { info: () => undefined },
      inspector: { activeUri: undefined },
      comparisons: { active: compared && { spec: compared } },
    } as never,
    uri === null ? undefined : Uri.file(uri),
  );
}

it('writes the mask that was chosen, and says how much it holds', async () => {
  asked.target = join(folder.path, 'low.safetensors');
  await run(BASE, null);
  expect(asked.kinds).toEqual(['principal', 'off-principal', 'low', 'safe', 'geo']);
  expect(asked.said).toBe(`Wrote the mask to ${asked.target}: 30.0 % of the weights.`);
  const file = await openCheckpoint(asked.target);
  expect(file.tensors.size).toBe(42);
  await file.close();
});
it('offers what changed if a comparison is in front, with its parameters', async () => {
  Object.assign(asked, { answer: 'changed', target: join(folder.path, 'changed.safetensors') });
  await run(null, { base: BASE, tuned: resolve('media/samples/rl'), parameters: DEFAULT_PARAMETERS });
  expect(asked.kinds.at(-1)).toBe('changed');
  expect(asked.said).toMatch(/: 74\.6 % of the weights\.$/);
});
it('writes nothing if the user backs out', async () => {
  const before = readdirSync(folder.path);
  await run(BASE, null);
  asked.answer = 'none';
  await run(BASE, null);
  expect(readdirSync(folder.path)).toEqual(before);
});
