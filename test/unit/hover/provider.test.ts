/** What a hover may do. VS Code is stood in for by the few things that the provider asks it; real hovers have an integration test. */
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { inspectCheckpoint } from './results.ts';

const editor = vi.hoisted(() => ({
  MarkdownString: class {
    isTrusted: unknown;
    supportHtml: unknown;
    constructor(readonly value: string) {}
  },
  Hover: class {
    constructor(readonly contents: { isTrusted: unknown; supportHtml: unknown; value: string }) {}
  },
  Range: class {},
  ColorThemeKind: { HighContrastLight: 4, Light: 1 },
  window: { activeColorTheme: { kind: 1 } },
  workspace: { getConfiguration: () => ({ get: () => true }), workspaceFolders: undefined },
  l10n: { t: (message: string) => message },
}));
vi.mock('vscode', () => editor);
const { TensorHovers } = await import('../../../src/hover/provider.ts');

it('a hover runs the two commands of its links, and nothing else: not every command, no HTML', async () => {
  const { facts } = await inspectCheckpoint(join(import.meta.dirname, '../../../media/samples/base'), []);
  const hovers = new TensorHovers({
    engine: { call: () => Promise.reject(new Error('not asked')) },
    known: {
      checkpoints: () => [{ path: facts.path, facts, statistics: new Map(), spectra: new Map() }],
      comparisons: () => [],
    },
    log: { debug: (line: string) => expect.fail(line) } as never,
  });
  const text = 'weights["model.layers.3.self_attn.v_proj.weight"]';
  const document = { uri: { fsPath: '/work/train.py' }, languageId: 'python', lineAt: () => ({ text }) };
  const cancel = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
  const hover = await hovers.provideHover(document as never, { line: 0, character: 20 } as never, cancel);
  const markdown = (hover as unknown as InstanceType<(typeof editor)['Hover']>).contents;
  expect(markdown.value).toContain('layer');
  expect(markdown.isTrusted).toEqual({ enabledCommands: ['offaxis.openTensor', 'offaxis.showInComparison'] });
  expect(markdown.supportHtml ?? false).toBe(false);
});
