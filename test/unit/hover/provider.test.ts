/** What a hover may do. VS Code is stood in for by the few things that the provider asks it; real hovers have an integration test. */
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { packFacts } from '../../../src/protocol/packedFacts.ts';
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

const base = join(import.meta.dirname, '../../../media/samples/base');
const { facts } = await inspectCheckpoint(base, []);
const TENSOR = 'model.layers.3.self_attn.v_proj.weight';

/** The hover over the first string of a script that holds `rest` below, and the checkpoints whose headers were read for it. */
async function hoverIn(
  name: string,
  {
    open = false,
    workspace = [],
    rest = '',
    broken = [],
  }: { open?: boolean; workspace?: string[]; rest?: string; broken?: string[] } = {},
) {
  const read: string[] = [];
  const hovers = new TensorHovers({
    engine: {
      call: (_method: string, { path }: { path: string }) => {
        read.push(path);
        return broken.includes(path)
          ? Promise.reject(new Error('damaged'))
          : Promise.resolve(packFacts({ ...facts, path }));
      },
    } as never,
    known: {
      checkpoints: () => (open ? [{ path: facts.path, facts, statistics: new Map(), spectra: new Map() }] : []),
      comparisons: () => [],
    },
    log: { debug: () => undefined } as never,
    workspace: () => Promise.resolve(workspace),
  });
  const line = `weights["${name}"]`;
  const document = {
    uri: { fsPath: join(samples, 'train.py') },
    languageId: 'python',
    lineAt: () => ({ text: line }),
    getText: () => `${line}\n${rest}`,
  };
  const cancel = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
  const at = { line: 0, character: 12 };
  const hover = await hovers.provideHover(document as never, at as never, cancel);
  return { markdown: (hover as unknown as InstanceType<(typeof editor)['Hover']> | null)?.contents ?? null, read };
}
const samples = join(import.meta.dirname, '../../../media/samples');
const weights = (folder: string): string => join(samples, folder, 'model.safetensors');

it('a hover runs the two commands of its links, and nothing else: not every command, no HTML', async () => {
  const { markdown, read } = await hoverIn(TENSOR, { open: true });
  expect(markdown?.value).toContain('layer');
  expect(markdown?.isTrusted).toEqual({ enabledCommands: ['offaxis.openTensor', 'offaxis.showInComparison'] });
  expect(markdown?.supportHtml ?? false).toBe(false);
  expect(read).toEqual([]);
});

it('without an open checkpoint the one that the script names first is read, and only that', async () => {
  const rest = 'hub = "https://hub/one"\ntuned = load("rl/model.safetensors")\nbase = load("base")';
  const { markdown, read } = await hoverIn(TENSOR, { rest, workspace: [weights('sft')] });
  expect(markdown?.value).toContain('layer');
  expect(read).toEqual([weights('rl')]);
});

it('else those of the workspace, the damaged ones passed over', async () => {
  const { markdown, read } = await hoverIn(TENSOR, {
    workspace: [weights('base'), weights('sft'), weights('rl')],
    broken: [weights('base')],
  });
  expect(markdown?.value).toContain('layer');
  expect(read).toEqual([weights('base'), weights('sft')]);
});

it('a name that is nowhere costs a few headers, and a word none', async () => {
  // one file under many names
  const many = Array.from({ length: 30 }, (_, i) => `${samples}${'/.'.repeat(i)}/base/model.safetensors`);
  expect((await hoverIn('model.of.nobody', { workspace: many })).read).toHaveLength(8);
  expect((await hoverIn('weight', { workspace: many })).read).toEqual([]);
});
