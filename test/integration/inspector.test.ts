import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { f32, safetensors } from '../unit/formats/build.ts';
import { expectShown, goldenBase } from './support/golden.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const malformed = join(inject('installation').root, 'test', 'fixtures', 'malformed');
const { workbench, root } = session({
  prepare: (workspace) => {
    cpSync(malformed, join(workspace, 'malformed'), { recursive: true });
    writeShards(join(workspace, 'sharded'));
  },
});
const shardOf = (number: number): string => `model-0000${number}-of-00002.safetensors`;
/** Two shards of a tensor each, and their index. */
function writeShards(folder: string): void {
  mkdirSync(folder);
  const tensors = { a: 1, b: 2 };
  for (const [name, number] of Object.entries(tensors)) {
    const data = f32(...Array.from({ length: 64 }, (_, i) => Math.sin(i + number)));
    writeFileSync(join(folder, shardOf(number)), safetensors({ [name]: { dtype: 'F32', shape: [8, 8], data } }));
  }
  const entries = Object.entries(tensors).map(([name, number]): [string, string] => [name, shardOf(number)]);
  writeFileSync(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ weight_map: Object.fromEntries(entries) }),
  );
}
const golden = goldenBase(root);
const name = 'model.layers.3.self_attn.v_proj.weight';

test('a double-click in the explorer opens the inspector, which lists all 57 tensors', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('main[data-view="tensors"]').waitFor();
  expect(golden.size).toBe(57);
  await expect.poll(() => page.fact('Tensors')).toBe('57');
  await expect.poll(() => page.fact('Types')).toBe('BF16');
  await expect.poll(() => page.problems().getAttribute('data-problems')).toBe('0');
  // 57 tensors and the heads of their groups; only those in view are in the document.
  const rows = Number(await page.document.getByRole('treegrid').getAttribute('aria-rowcount'));
  expect(rows).toBeGreaterThan(57);
  await expect.poll(() => page.document.locator('[data-tensor]').count()).toBeGreaterThan(5);
});

test('an opened tensor shows its statistics, and its spectrum on request', async () => {
  const page = new InspectorPage(workbench());
  await page.open(name);
  const figures = golden.get(name);
  if (!figures) throw new Error(`${name} is not among the golden values`);
  await page.detail(name).locator('[data-section="values"] svg').waitFor();
  expectShown(await page.fact('Std'), figures['std'] ?? NaN, 'standard deviation');
  expectShown(await page.fact('Minimum'), figures['min'] ?? NaN, 'minimum');

  await page.computeSpectrum();
  expectShown(await page.metric('Spectral norm'), figures['spectralNorm'] ?? NaN, 'spectral norm');
  expectShown(await page.metric('Stable rank'), figures['stableRank'] ?? NaN, 'stable rank');
  expectShown(await page.metric('Condition'), figures['conditionNumber'] ?? NaN, 'condition number');
  await expect.poll(() => page.metric('Outliers')).toBe(String(figures['outlierCount']));
});

test('facts take one line, the list has its share of the page and rows of 22 px, and the rest of the facts is behind "More"', async () => {
  const page = new InspectorPage(workbench());
  const box = async (selector: string): Promise<{ width: number; height: number }> =>
    (await page.document.locator(selector).first().boundingBox()) ?? { width: 0, height: 0 };
  await expect.poll(async () => (await box('.facts')).height).toBeLessThanOrEqual(52);
  const [left, right] = [await box('main > .left'), await box('main > .right')];
  expect(left.width / (left.width + right.width)).toBeCloseTo(0.62, 2);
  await expect.poll(async () => (await box('.toolbar')).height).toBe(32);
  await expect.poll(async () => (await box('[data-tensor]')).height).toBe(22);
  const memory = page.action('memory');
  await turn(page.action('more-facts'), false);
  await expect.poll(() => memory.isVisible()).toBe(false);
  await page.action('more-facts').click();
  await expect.poll(() => memory.isVisible()).toBe(true);
  await page.action('more-facts').click();
  await expect.poll(() => memory.isVisible()).toBe(false);
});

test('values and picture take the page, the list is a strip, and comes back', async () => {
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-tab="picture"]').click();
  await page.document.locator('[data-picture="drawn"]').waitFor();
  const strip = page.action('unfold');
  await expect.poll(async () => (await strip.boundingBox())?.width).toBe(28);
  await expect.poll(() => page.document.getByRole('treegrid').isVisible()).toBe(false);
  await strip.click();
  await page.document.getByRole('treegrid').waitFor();
  await page.document.locator('[data-picture="drawn"]').waitFor();
  await page.document.locator('[data-tab="statistics"]').click();
});

test('the keyboard walks the table, closes a group and reaches the detail', async () => {
  const page = new InspectorPage(workbench());
  const { keyboard } = workbench().page;
  await page.action('filter').fill('');
  await page.document.getByRole('treegrid').focus();
  await keyboard.press('Home');
  const group = page.document.locator('[data-group]').first();
  await expect.poll(() => group.getAttribute('aria-expanded')).toBe('true');
  await keyboard.press('ArrowLeft');
  await expect.poll(() => group.getAttribute('aria-expanded')).toBe('false');
  await keyboard.press('ArrowRight');
  await expect.poll(() => group.getAttribute('aria-expanded')).toBe('true');
  await keyboard.press('ArrowDown');
  const selected = page.document.locator('[data-tensor][aria-selected="true"]');
  const first = await page.document.locator('[data-tensor]').first().getAttribute('data-tensor');
  await expect.poll(() => selected.getAttribute('data-tensor')).toBe(first);
  await keyboard.press('Enter');
  await expect
    .poll(() =>
      page
        .detail(first ?? '')
        .locator('.detail-head')
        .evaluate((head) => head === document.activeElement),
    )
    .toBe(true);
});

test('"Analyze Spectra" fills the heatmap of layers by modules', async () => {
  const page = new InspectorPage(workbench());
  // a second try has them
  if (await page.action('analyze').isVisible()) await page.action('analyze').click();
  await expect
    .poll(() => page.document.locator('[data-counted]').innerText(), { timeout: 60_000 })
    .toContain('42 of 42');
  await page.action('metric').selectOption('spectralNorm');
  await turn(page.action('table'), true);
  const table = page.document.locator('table.twin');
  await table.waitFor();
  await expect.poll(() => table.locator('tbody tr').count()).toBe(6);
  const modules = await table
    .locator('thead th')
    .evaluateAll((heads) => heads.map((head) => head.getAttribute('title')));
  const shown = await table
    .locator('tbody tr')
    .nth(3)
    .locator('td')
    .nth(modules.indexOf('self_attn.v_proj') - 1)
    .innerText();
  expectShown(shown, golden.get(name)?.['spectralNorm'] ?? NaN, 'spectral norm in the map');
  await expect.poll(() => table.locator('td', { hasText: 'pending' }).count()).toBe(0);
  await page.action('table').click();
});

test('after a reload of the window the inspector is back', async () => {
  await workbench().reload();
  const page = new InspectorPage(workbench());
  await page.document.locator('main[data-view="spectra"]').waitFor();
  await expect.poll(() => page.fact('Tensors')).toBe('57');
});

test('one shard by itself offers the whole checkpoint', async () => {
  await workbench().openFromExplorer('sharded', shardOf(1));
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-state="shard"]').waitFor();
  await expect.poll(() => page.fact('Tensors')).toBe('1');
  await page.action('open-whole').click();
  await workbench().tab('model.safetensors.index.json').waitFor();
  await expect.poll(() => new InspectorPage(workbench()).fact('Tensors')).toBe('2');
  await workbench().runCommand('View: Close All Editors');
});

test('every malformed file opens with its problem, and the sound ones without', async () => {
  const files = readdirSync(malformed).filter((file) => file.endsWith('.safetensors'));
  expect(files.length).toBeGreaterThan(10);
  const messages = new Map<string, string>();
  for (const file of files) {
    await workbench().openFromExplorer('malformed', file);
    const page = new InspectorPage(workbench());
    await workbench().tab(file).waitFor();
    await page.document.locator('[data-problems], [data-state="failed"]').first().waitFor();
    const errors = page.document.locator('[data-severity="error"], [data-state="failed"] .banner');
    if (file.startsWith('OK_')) await expect.poll(() => errors.count(), { message: file }).toBe(0);
    else messages.set(file, await errors.first().innerText());
    await workbench().runCommand('View: Close All Editors');
  }
  // Each refusal has words of its own, and says what to do.
  expect(new Set(messages.values()).size).toBe(messages.size);
  expect(messages.get('lfs_pointer.safetensors')).toContain('git lfs pull');
});
