import { copyFileSync, existsSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { llamaMatrices, writeCheckpoint } from './support/generate.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const tensors = llamaMatrices(2, 64);
const { workbench } = session({
  prepare: (workspace) => {
    writeCheckpoint(join(workspace, 'run', 'step.safetensors'), tensors, 0);
    writeCheckpoint(join(workspace, 'run', 'other.safetensors'), tensors, 3);
    const weightMap = Object.fromEntries(tensors.map(({ name }) => [name, 'model-00001-of-00001.safetensors']));
    const index = { metadata: {}, weight_map: weightMap };
    writeCheckpoint(join(workspace, 'sharded', 'model-00001-of-00001.safetensors'), tensors, 0);
    writeFileSync(join(workspace, 'sharded', 'model.safetensors.index.json'), JSON.stringify(index));
  },
  settings: { 'workbench.editorAssociations': { '*.safetensors.index.json': 'offaxis.inspectorForIndex' } },
});
const file = (...parts: string[]): string => join(workbench().workspace, ...parts);
const inspector = (): InspectorPage => new InspectorPage(workbench());
const banner = (page: InspectorPage) => page.document.locator('[data-state="disk"]');

test('a training run writes the next step: a banner offers a reload, and nothing is read unasked', async () => {
  // a second try finds what the first one wrote, and shows
  await workbench().runCommand('View: Close All Editors');
  writeCheckpoint(file('run', 'step.safetensors'), tensors, 0);
  await workbench().openFromExplorer('run', 'step.safetensors');
  const page = inspector();
  await page.document.locator('[data-section="values"] svg').waitFor();
  const before = await page.fact('Largest |w|');
  await expect.poll(() => banner(page).count()).toBe(0);
  await expect.poll(() => page.fact('Tensors')).toBe('4');
  writeCheckpoint(file('run', 'step.safetensors'), llamaMatrices(3, 64), 5);
  await banner(page).waitFor();
  await expect
    .poll(() => banner(page).innerText())
    .toMatch(/step\.safetensors changed on disk at \d\d:\d\d:\d\d\..*as of \d\d:\d\d:\d\d/);
  await expect.poll(() => page.fact('Tensors')).toBe('4');
  await expect.poll(() => page.fact('Largest |w|')).toBe(before);
  await expect.poll(() => page.document.locator('[data-age]').innerText()).toContain('as of');
  await expect.poll(() => page.action('compute-spectrum').isDisabled()).toBe(true);
  await page.action('reload').click();
  await expect.poll(() => page.fact('Tensors')).toBe('6');
  await expect.poll(() => banner(page).count()).toBe(0);
  await expect.poll(() => page.document.locator('[data-age]').count()).toBe(0);
});

test('a half-written file breaks nothing: its problem is told, and the whole one is taken up', async () => {
  const page = inspector();
  writeCheckpoint(file('run', 'step.safetensors'), tensors, 6);
  truncateSync(file('run', 'step.safetensors'), 5000);
  await banner(page).waitFor();
  await page.action('reload').click();
  await page.document.locator('[data-severity="error"], [data-state="error"]').first().waitFor();
  await expect.poll(() => page.document.locator('[data-tensor]').count()).toBeGreaterThan(0);
  writeCheckpoint(file('run', 'step.safetensors'), tensors, 7);
  await banner(page).waitFor();
  await page.action('reload').click();
  await expect.poll(() => page.fact('Tensors')).toBe('4');
  await expect.poll(() => page.problems().getAttribute('data-problems')).toBe('0');
});

test('a deleted file has a banner of its own', async () => {
  const page = inspector();
  if (existsSync(file('run', 'step.safetensors'))) renameSync(file('run', 'step.safetensors'), file('run', 'kept'));
  await page.document.locator('[data-state="disk"][data-kind="deleted"]').waitFor();
  await expect.poll(() => banner(page).innerText()).toContain('was deleted at');
  await expect.poll(() => page.document.locator('[data-tensor]').count()).toBeGreaterThan(0);
  copyFileSync(file('run', 'kept'), file('run', 'step.safetensors'));
  await page.document.locator('[data-state="disk"][data-kind="changed"]').waitFor();
  await page.action('reload').click();
  await expect.poll(() => banner(page).count()).toBe(0);
});

test('of an index the shards are watched', async () => {
  await workbench().openFromExplorer('sharded', 'model.safetensors.index.json');
  const page = inspector();
  await page.document.locator('[data-tensor]').first().waitFor();
  writeCheckpoint(file('sharded', 'model-00001-of-00001.safetensors'), tensors, 4);
  await banner(page).waitFor();
  await expect.poll(() => banner(page).innerText()).toContain('model-00001-of-00001.safetensors changed on disk');
});

test('the comparison tells which side has changed, and Reload compares anew', async () => {
  await workbench().runCommand('View: Close All Editors');
  await workbench().selectAsBase('run', 'step.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('run', 'other.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(workbench());
  await page.phase('done');
  writeCheckpoint(file('run', 'other.safetensors'), tensors, 9);
  const changed = page.document.locator('[data-disk="tuned"]');
  await changed.waitFor();
  await expect.poll(() => changed.innerText()).toMatch(/other\.safetensors changed on disk at/);
  await expect.poll(() => page.document.locator('[data-disk="base"]').count()).toBe(0);
  await page.action('reload').click();
  await expect.poll(() => changed.count()).toBe(0);
  await page.phase('done');
});
