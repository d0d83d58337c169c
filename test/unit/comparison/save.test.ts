/** "Export" of several checkpoints. VS Code is stood in for by what the export asks it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SeveralController } from '../../../src/comparison/several/controller.ts';

const editor = vi.hoisted(() => ({
  target: null as null | { scheme: string; fsPath: string; toString(): string },
  asked: [] as { defaultUri: { fsPath: string } }[],
  told: [] as string[],
}));
vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...of: unknown[]) => text.replace(/\{(\d)\}/g, (_, i: string) => String(of[Number(i)])) },
  workspace: {},
  Uri: { file: (fsPath: string) => ({ scheme: 'file', fsPath }) },
  window: {
    showSaveDialog: (options: (typeof editor.asked)[number]) => {
      editor.asked.push(options);
      return Promise.resolve(editor.target);
    },
    showInformationMessage: (text: string) => void editor.told.push(text),
  },
}));
const { exportSeveral } = await import('../../../src/comparison/save.ts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-save-'));
  editor.asked.length = editor.told.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const matrices = { done: 2, planned: 3 };
const result = { schema: 'offaxis.runs/1', comparisons: [{ matrices }, { matrices }] };
const controller = (): SeveralController => {
  const base = join(folder, 'base.safetensors');
  writeFileSync(base, 'weights');
  return { spec: { base, runs: [] }, result: () => result } as unknown as SeveralController;
};

test('it is written under the title of its panel, and says how much of it is there so far', async () => {
  const fsPath = join(folder, 'out.json');
  editor.target = { scheme: 'file', fsPath, toString: () => fsPath };
  await exportSeveral(controller(), 'base → rl, sft');
  expect(editor.asked[0]?.defaultUri.fsPath).toBe(join(folder, 'base-rl-sft.json'));
  expect(JSON.parse(readFileSync(fsPath, 'utf8'))).toEqual(result);
  expect(editor.told).toEqual([`Exported to ${fsPath} (4 of 6 matrices so far).`]);
});

test('a place that is not on disk is refused: its path would name another file', async () => {
  const fsPath = join(folder, 'out.json');
  editor.target = { scheme: 'vscode-vfs', fsPath, toString: () => 'vscode-vfs://github/out.json' };
  await expect(exportSeveral(controller(), 'base')).rejects.toMatchObject({ code: 'bad-parameter' });
  expect(existsSync(fsPath)).toBe(false);
});
