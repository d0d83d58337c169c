/** From the explorer: folders that hold more than one checkpoint, the parts of one, and files that others use, too. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session({
  prepare: (workspace) => {
    const put = (from: string, ...path: string[]): void => {
      const to = join(workspace, ...path);
      mkdirSync(join(to, '..'), { recursive: true });
      cpSync(join(workspace, from, 'model.safetensors'), to);
    };
    put('base', 'trainer', 'checkpoint-500', 'model.safetensors');
    put('rl', 'trainer', 'checkpoint-1000', 'model.safetensors');
    put('base', 'pipeline', 'unet', 'diffusion_pytorch_model.safetensors');
    put('sft', 'pipeline', 'text_encoder', 'model.safetensors');
    const torch = join('test', 'fixtures', 'formats', 'torch');
    cpSync(join(torch, 'fsdp-verl'), join(workspace, 'verl', 'actor'), { recursive: true });
    cpSync(join(torch, 'zip', 'model.pt'), join(workspace, 'torch', 'model.pt'));
    writeFileSync(join(workspace, 'pipeline', 'model_index.json'), '{"_class_name": "StableDiffusionPipeline"}');
  },
});

test.each([
  ['trainer', ['checkpoint-500', 'checkpoint-1000'], 'checkpoint-1000', 'model.safetensors'],
  ['pipeline', ['text_encoder', 'unet'], 'unet', 'diffusion_pytorch_model.safetensors'],
])(
  '"Open Checkpoint Folder" on %s lists what is in it, and opens what is chosen',
  async (folder, names, chosen, file) => {
    const vscode = workbench();
    const rows = vscode.page.locator('.quick-input-widget .monaco-list-row .label-name');
    const list = async (): Promise<void> => {
      await vscode.chooseFromMenu(await vscode.reveal(folder), 'Open Checkpoint Folder');
      await expect.poll(() => rows.allInnerTexts()).toEqual(names);
    };
    await vscode.choose(list, { placeholder: /^Choose one/, row: chosen });
    await vscode.tab(file).waitFor();
    const page = new InspectorPage(vscode);
    await page.open('model.layers.3.self_attn.v_proj.weight');
    await vscode.runCommand('View: Close All Editors');
  },
);

test('"Open Checkpoint Folder" puts the parts that verl saved together', async () => {
  const vscode = workbench();
  await vscode.chooseFromMenu(await vscode.reveal('verl', 'actor'), 'Open Checkpoint Folder');
  const page = new InspectorPage(vscode);
  await page.open('model.layers.0.self_attn.v_proj.weight');
  expect(await page.fact('Format')).toBe('PyTorch, 2 shards');
  // half of its rows lie in each of both files
  expect(await page.fact('Shape')).toBe('24 × 48');
  await vscode.runCommand('View: Close All Editors');
});

test('a .pt file opens by "Open With..."', async () => {
  const vscode = workbench();
  const row = await vscode.reveal('torch', 'model.pt');
  await vscode.choose(() => vscode.chooseFromMenu(row, 'Open With...'), { row: 'Checkpoint Inspector' });
  const page = new InspectorPage(vscode);
  await page.open('model.layers.0.self_attn.v_proj.weight');
  expect(await page.fact('Format')).toMatch(/^PyTorch/);
  await vscode.runCommand('View: Close All Editors');
});
