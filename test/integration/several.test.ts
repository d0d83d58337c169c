/** Several checkpoints of one base: from the explorer's selection, from a comparison, and the folder of a run that goes on. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';
import { SeveralPage } from './support/several.ts';

const MODEL = 'model.safetensors';
// Three runs in one folder, so that all can be selected at once; a run of which two steps are written.
const { workbench } = session({
  prepare: (workspace) => {
    mkdirSync(join(workspace, 'family'));
    for (const name of ['base', 'rl', 'rl-hot', 'sft'])
      copyFileSync(join(workspace, name, MODEL), join(workspace, 'family', `${name}.safetensors`));
    for (const [step, name] of [
      [0, 'base'],
      [10, 'rl'],
    ] as const) {
      mkdirSync(join(workspace, 'run', `step-${step}`), { recursive: true });
      copyFileSync(join(workspace, name, MODEL), join(workspace, 'run', `step-${step}`, MODEL));
    }
  },
});
const at = (...parts: string[]): string => join(workbench().workspace, ...parts);

test('explorer: of four selected files the one that is selected as base is the base, and the others its runs', async () => {
  const vscode = workbench();
  await vscode.selectAsBase('family', 'base.safetensors');
  const [first, last] = [vscode.row('family', 'base.safetensors'), vscode.row('family', 'sft.safetensors')];
  // The file that the first click opens may be selected once more when its tab has come.
  await vscode.untilItHolds(async () => {
    await first.click({ timeout: 5_000 });
    await last.click({ modifiers: ['Shift'], timeout: 5_000 });
    const selected = vscode.page.locator('.explorer-folders-view .monaco-list-row.selected');
    await expect.poll(() => selected.count(), { timeout: 5_000 }).toBe(4);
  });
  await vscode.chooseFromMenu(await vscode.reveal('family', 'sft.safetensors'), 'Compare Several Checkpoints...');
  await vscode.tab('base → rl-hot, rl, sft').waitFor();
  const page = new SeveralPage(vscode);
  await page.complete();
  expect(await page.runs()).toEqual(['rl-hot', 'rl', 'sft']);
  // what the command line says of the same three
  await expect.poll(() => page.document.locator('body').innerText()).toContain('rl-hot and rl point the same way');
  await vscode.screenshot('several runs');
}, 600_000);

test('a window that is loaded again shows them without computing', async () => {
  const vscode = workbench();
  await vscode.reload();
  await vscode.tab('base → rl-hot, rl, sft').click();
  const page = new SeveralPage(vscode);
  await page.document.locator('body[data-phase="done"]').waitFor({ timeout: 240_000 });
  expect(await page.runs()).toEqual(['rl-hot', 'rl', 'sft']);
  await vscode.runCommand('View: Close All Editors');
}, 600_000);

test('"+ Run" on a comparison puts a further checkpoint beside it', async () => {
  const vscode = workbench();
  await vscode.runCommand('Offaxis: Open Sample Comparison');
  const comparison = new ComparisonPage(vscode);
  await comparison.complete(42);
  await vscode.choose(() => comparison.action('add-run').click({ timeout: 5_000 }), {
    placeholder: /^A further tuned one/,
    row: `sft/${MODEL}`,
  });
  await vscode.tab('base → rl, sft').waitFor();
  const page = new SeveralPage(vscode);
  await page.complete();
  expect(await page.runs()).toEqual(['rl', 'sft']);
  await vscode.runCommand('View: Close All Editors');
}, 600_000);

test('a followed folder: a step is waited for while it is written, and computed when it is whole', async () => {
  const vscode = workbench();
  const run = await vscode.reveal('run');
  await vscode.choose(() => vscode.chooseFromMenu(run, 'Compare Steps of a Training Run...'), {
    placeholder: /^The base/,
    row: `run/step-0/${MODEL}`,
  });
  await vscode.tab('Steps of run').waitFor();
  const page = new SeveralPage(vscode);
  await page.complete();
  expect(await page.runs()).toEqual(['step 10']);
  // half of a step: it is there, and can't be asked for yet
  const bytes = readFileSync(at('rl-hot', MODEL));
  mkdirSync(at('run', 'step-20'));
  writeFileSync(at('run', 'step-20', MODEL), bytes.subarray(0, bytes.length / 2));
  const fresh = page.document.locator('[data-fresh="20"]');
  await fresh.waitFor({ timeout: 240_000 });
  expect(await fresh.getByRole('button').count()).toBe(0);
  appendFileSync(at('run', 'step-20', MODEL), bytes.subarray(bytes.length / 2));
  await fresh.getByRole('button').click({ timeout: 240_000 });
  await expect.poll(() => page.runs(), { timeout: 240_000 }).toEqual(['step 10', 'step 20']);
  await page.complete();
  // with Follow on the next one is computed unasked
  await page.button('Follow').click();
  await page.document.locator('button[aria-pressed="true"]', { hasText: 'Follow' }).waitFor();
  mkdirSync(at('run', 'tmp'));
  copyFileSync(at('sft', MODEL), at('run', 'tmp', MODEL));
  renameSync(at('run', 'tmp'), at('run', 'step-30'));
  await expect.poll(() => page.runs(), { timeout: 240_000 }).toEqual(['step 10', 'step 20', 'step 30']);
  await page.complete();
  await vscode.screenshot('steps of a followed folder');
}, 900_000);
