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
async function hover(line: number, column: number): Promise<Locator> {
  await workbench().untilItHolds(async () => {
    await askForHover(line, column);
    await card().waitFor({ timeout: 15_000 });
  });
  return card();
}
const card = (): Locator =>
  workbench()
    .page.locator('.monaco-hover:visible .hover-contents', { hasText: /Offaxis|Open in Inspector/ })
    .first();

async function askForHover(line: number, column: number): Promise<void> {
  const { page } = workbench();
  await page.keyboard.press('Escape');
  const input = page.locator('.quick-input-widget input').first();
  await workbench().untilItHolds(async () => {
    await page.keyboard.press('Control+g');
    await input.fill(`:${line}:${column}`, { timeout: 5_000 });
    // Enter means nothing before VS Code has read the line.
    await page
      .locator('.quick-input-widget .monaco-list-row', { hasText: `line ${line}` })
      .waitFor({ timeout: 15_000 });
    await input.press('Enter', { timeout: 5_000 });
    await input.waitFor({ state: 'hidden', timeout: 5_000 });
  });
  await workbench().runCommand('Show or Focus Hover');
}

/** Whether one comes while a place without any is waited for. */
async function hovers(line: number, column: number): Promise<boolean> {
  await askForHover(line, column);
  return card()
    .waitFor({ timeout: 4_000 })
    .then(
      () => true,
      () => false,
    );
}

test('a tensor name in Python shows the facts of the checkpoint that the script names, though none is open', async () => {
  await workbench().openFromExplorer('train.py');
  await workbench().tab('train.py').waitFor();
  const card = await hover(1, 25);
  await expect.poll(() => card.innerText()).toMatch(/layer 3, self_attn\.v_proj/);
  await expect.poll(() => card.innerText()).toMatch(/BF16 64 × 128/);
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
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(240);
  await workbench().screenshot('hover comparison');
  await card.getByText('Show in Comparison').click();
  const page = new ComparisonPage(workbench());
  await expect.poll(async () => (await page.selected()).matrix).toBe(TENSOR);
});

test('a pattern shows all layers, a common word nothing', async () => {
  await workbench().tab('train.py').click();
  expect(await hovers(4, 11)).toBe(false);
  expect(await (await hover(3, 20)).innerText()).toContain('6 tensors in 6 layers');
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
  rmSync(settings, { force: true });
  await workbench().openFromExplorer('train.py');
  await workbench().tab('train.py').click();
  await hover(1, 25);
  writeFileSync(settings, JSON.stringify({ 'offaxis.hover.enabled': false }));
  await expect.poll(() => hovers(1, 25)).toBe(false);
  // the same place answers again, so it was the setting
  rmSync(settings);
  await hover(1, 25);
});
