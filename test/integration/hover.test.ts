import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const TENSOR = 'model.layers.3.self_attn.v_proj.weight';
const { workbench } = session({
  prepare(workspace) {
    writeFileSync(
      join(workspace, 'train.py'),
      [
        `weights = state["${TENSOR}"]`,
        'path = "rl/model.safetensors"',
        'every = f"model.layers.{i}.self_attn.v_proj.weight"',
        'word = "weight"',
        '',
      ].join('\n'),
    );
    writeFileSync(
      join(workspace, 'base', 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { [TENSOR]: 'model.safetensors' } }, null, 2),
    );
  },
});

/** The hover at a place of the text, asked for from the keyboard. */
async function hover(line: number, column: number, timeout = 15_000): Promise<Locator> {
  const { page } = workbench();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+g');
  const input = page.locator('.quick-input-widget input');
  await input.waitFor();
  await input.fill(`:${line}:${column}`);
  // Enter means nothing before VS Code has read the line.
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: `line ${line}` }).waitFor();
  await page.keyboard.press('Enter');
  await input.waitFor({ state: 'hidden' });
  const card = page.locator('.monaco-hover:visible .hover-contents', { hasText: /Offaxis|Open in Inspector/ });
  await workbench().runCommand('Show or Focus Hover');
  await card.first().waitFor({ timeout });
  return card.first();
}

test('a tensor name in Python shows the facts of the checkpoint that the script names, though none is open', async () => {
  await workbench().openFromExplorer('train.py');
  await workbench().tab('train.py').waitFor();
  const card = await hover(1, 25);
  expect(await card.innerText()).toMatch(/layer 3, self_attn\.v_proj/);
  expect(await card.innerText()).toMatch(/BF16 64 × 128/);
  await card.getByText('Open in Inspector').click();
  const page = new InspectorPage(workbench());
  await page.detail(TENSOR).waitFor();
  await workbench().page.locator('.breadcrumbs-control, .tabs-breadcrumbs', { hasText: 'rl' }).first().waitFor();
  await workbench().runCommand('View: Close All Editors');
});

test('a tensor name in Python shows the facts of the checkpoint that is open', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  await new InspectorPage(workbench()).document.locator('[data-section="values"] svg').waitFor();
  await workbench().openFromExplorer('train.py');
  await workbench().tab('train.py').waitFor();
  const text = await (await hover(1, 25)).innerText();
  expect(text).toContain(TENSOR);
  expect(text).toMatch(/layer 3, self_attn\.v_proj/);
  expect(text).toMatch(/BF16 64 × 128/);
  expect(text).toMatch(/Mean .* Std /);
  expect(text).not.toMatch(/Off-principal/);
});

test('a path shows the facts of the file, read from its header', async () => {
  const text = await (await hover(2, 15)).innerText();
  expect(text).toMatch(/model\.safetensors/);
  expect(text).toMatch(/\d\d tensors/);
});

test('its links open the inspector and the comparison at the tensor', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  await new ComparisonPage(workbench()).complete(42);
  await workbench().tab('train.py').click();
  const card = await hover(1, 25);
  const text = await card.innerText();
  expect(text).toMatch(/Off-principal, which weights changed\s+[\d.]+\s*%\s+Gaussian noise [\d.]+\s*%, step noise/);
  expect(text).toMatch(/Off-principal, where the update points\s+[\d.]+\s*%\s+isotropic/);
  expect(text).toMatch(/Mask view: like noise\. Energy view: into the main directions\./);
  const image = card.locator('img').first();
  expect(await image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(240);
  await workbench().screenshot('hover comparison');
  await card.getByText('Show in Comparison').click();
  const page = new ComparisonPage(workbench());
  await expect.poll(async () => (await page.selected()).matrix, { timeout: 15_000 }).toBe(TENSOR);
});

test('a pattern shows all layers, a common word nothing', async () => {
  await workbench().tab('train.py').click();
  expect(await (await hover(3, 20)).innerText()).toContain('6 tensors in 6 layers');
  await expect(hover(4, 11, 4_000)).rejects.toThrow();
});

test('adapter_config.json: a target module shows its tensors', async () => {
  await workbench().openFromExplorer('rl-lora', 'adapter_config.json');
  await workbench().tab('adapter_config.json').waitFor();
  const text = await (await hover(11, 7)).innerText();
  expect(text).toMatch(/6 tensors in 6 layers/);
  expect(text).toMatch(/BF16 128 × 128/);
});

test('an index shows its own tensors', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors.index.json');
  await workbench().tab('model.safetensors.index.json').waitFor();
  expect(await (await hover(3, 12)).innerText()).toContain(TENSOR);
});

test('"offaxis.hover.enabled": false turns hovers off, at once and only as long as it is set', async () => {
  const settings = join(workbench().workspace, '.vscode', 'settings.json');
  mkdirSync(dirname(settings), { recursive: true });
  await workbench().openFromExplorer('train.py');
  await workbench().tab('train.py').click();
  await hover(1, 25);
  const isShown = (): Promise<boolean> =>
    hover(1, 25, 2_000).then(
      () => true,
      () => false,
    );
  writeFileSync(settings, JSON.stringify({ 'offaxis.hover.enabled': false }));
  await expect.poll(isShown, { timeout: 30_000 }).toBe(false);
  // the same place answers again, so it was the setting
  rmSync(settings);
  await expect.poll(isShown, { timeout: 30_000 }).toBe(true);
});
