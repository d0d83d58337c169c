/** What VS Code loads at activation, which any Python or JSON file causes, is small, and stands in for all that package.json names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { expect, it, vi } from 'vitest';

const root = join(import.meta.dirname, '../../..');
vi.mock('vscode', () => ({ l10n: { t: (message: string) => message } }));

interface Manifest {
  activationEvents: string[];
  contributes: {
    commands: { command: string }[];
    customEditors: { viewType: string }[];
    views: Record<string, { id: string }[]>;
  };
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

it('is a few kilobytes: the window, with all that it imports, is a bundle apart', async () => {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['src/extension.ts'],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode', './src/window.ts'],
    write: false,
  });
  // 4.8 kB when it was written; one import by value of an engine's module makes it hundreds
  expect(outputFiles[0]?.contents.length).toBeLessThan(8_000);
});

it('knows every command, editor, panel and view of package.json', async () => {
  const { COMMANDS } = await import('../../../src/commands/index.ts');
  const { recentCommands } = await import('../../../src/explorer/view.ts');
  const contributed = await import('../../../src/host/contributed.ts');
  const commands = [...COMMANDS, ...recentCommands({} as never, () => Promise.resolve())].map(({ id }) => id);
  expect(commands.sort()).toEqual(manifest.contributes.commands.map(({ command }) => command).sort());
  expect(Object.values(contributed.INSPECTOR)).toEqual(
    manifest.contributes.customEditors.map(({ viewType }) => viewType),
  );
  const panels = [contributed.COMPARISON_PANEL, contributed.SEVERAL_PANEL].map((panel) => `onWebviewPanel:${panel}`);
  expect(manifest.activationEvents).toEqual(expect.arrayContaining(panels));
  const views = Object.values(manifest.contributes.views).flat();
  expect(views.map(({ id }) => id)).toEqual([contributed.CHECKPOINTS_VIEW]);
});
