/** The view "Checkpoints" of the explorer: looked for only when it is open, what it lists, and what its menus do. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session({
  prepare(workspace) {
    for (const step of [20, 100])
      cpSync(join(workspace, 'rl'), join(workspace, 'trained', `checkpoint-${step}`), { recursive: true });
  },
});
const TREE = '.split-view-view .pane:has(.pane-header[aria-label^="Checkpoints"])';
const header = () => workbench().page.locator(`${TREE} .pane-header`);
const rows = () => workbench().page.locator(`${TREE} .monaco-list-row`);
const row = (text: string | RegExp): Locator => rows().filter({ hasText: text }).first();

test('it is closed at first, and lists what the workspace holds once it is opened', async () => {
  await header().waitFor();
  await expect.poll(() => rows().count()).toBe(0);
  await header().click();
  await row('rl-hot').waitFor();
  // the explorer's other views leave it little room
  await workbench().page.locator('.pane-header[aria-label^="Explorer Section"]').click();
  // as they are read out
  const labels = () => rows().evaluateAll((elements) => elements.map((element) => element.getAttribute('aria-label')));
  await expect.poll(labels).toEqual(['base', 'rl', 'rl-hot', 'rl-lora', 'rl-steps, 1 step', 'sft', 'trained, 2 steps']);
  await row('trained').click();
  await row(/^Step 20$/).waitFor();
  await row(/^Step 100$/).waitFor();
  await workbench().screenshot('checkpoints view');
});

test('a click opens a checkpoint, a step too', async () => {
  await row(/^Step 20$/).click();
  await new InspectorPage(workbench()).document.locator('[data-section="values"] svg').waitFor();
  await workbench().runCommand('View: Close All Editors');
});

test('its menu selects the base, which is marked, and compares with it', async () => {
  await workbench().chooseFromMenu(row(/^base$/), 'Select as Base Checkpoint');
  await row(/^base\s*base$/).waitFor();
  await workbench().chooseFromMenu(row(/^rl$/), 'Compare with Base');
  await new ComparisonPage(workbench()).complete(42);
});

test('the comparison then stands there with its answer, opens from there, and can be removed', async () => {
  await row('Recent comparisons').waitFor();
  const recent = row(/^base → rl/);
  await recent.waitFor();
  await expect.poll(() => recent.innerText()).toMatch(/changed/i);
  await workbench().screenshot('recent comparisons');
  await workbench().runCommand('View: Close All Editors');
  await recent.click();
  await new ComparisonPage(workbench()).complete(42);
  await workbench().runCommand('View: Close All Editors');
  await workbench().chooseFromMenu(recent, 'Remove from Recent Comparisons');
  await recent.waitFor({ state: 'hidden' });
});

test('"Compare with..." asks for the base, whatever is selected', async () => {
  await workbench().choose(() => workbench().chooseFromMenu(row(/^sft$/), 'Compare with...'), {
    placeholder: /^The base/,
    row: join('rl-hot', 'model.safetensors'),
  });
  await workbench()
    .tab(/rl-hot → sft/)
    .waitFor();
  // It counts as a recent comparison once it is complete, be that before or after its editor is closed: the next test removes it.
  await new ComparisonPage(workbench()).complete(42);
  await row(/^rl-hot → sft/).waitFor();
  await workbench().runCommand('View: Close All Editors');
});

test('it follows the disk, and says what to do when nothing is left', async () => {
  const { workspace, page } = workbench();
  // a second try finds these gone
  const remove = (name: string): void => rmSync(join(workspace, name), { recursive: true, force: true });
  const recent = row(/^rl-hot → sft/);
  if (await recent.isVisible()) await workbench().chooseFromMenu(recent, 'Remove from Recent Comparisons');
  await recent.waitFor({ state: 'hidden' });
  remove('rl-hot');
  await row(/^rl-hot$/).waitFor({ state: 'hidden' });
  for (const name of ['base', 'rl', 'rl-lora', 'rl-steps', 'sft', 'trained']) remove(name);
  await page.locator(`${TREE} .welcome-view`, { hasText: 'No checkpoints lie in the folders' }).waitFor();
  await workbench().screenshot('checkpoints view empty');
});
