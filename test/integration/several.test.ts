/** Several checkpoints of one base: from a comparison, and the folder of a run that goes on. */
import { appendFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { llamaMatrices, writeCheckpoint } from './support/generate.ts';
import { session } from './support/session.ts';
import { SeveralPage } from './support/several.ts';

const MODEL = 'model.safetensors';
const tensors = llamaMatrices(3, 64);
// A run of which two steps are written and two are to come, and a base beside three that were made of it. Small, as what is computed of
// many is held by other tests.
const { workbench } = session({
  prepare: (workspace) => {
    for (const [file, changed] of Object.entries({ base: 0, one: 3, other: 5, third: 7 }))
      writeCheckpoint(join(workspace, 'seeds', `${file}.safetensors`), tensors, changed);
    for (const [step, changed] of Object.entries({ 'run/step-0': 0, 'run/step-10': 3, 'next/20': 5, 'next/30': 7 }))
      writeCheckpoint(join(workspace, step, MODEL), tensors, changed);
  },
});
const at = (...parts: string[]): string => join(workbench().workspace, ...parts);

test('explorer: four selected files, one of which is the base; the page is back after a reload', async () => {
  const vscode = workbench();
  const selectAll = async (): Promise<void> => {
    await (await vscode.reveal('seeds', 'base.safetensors')).click();
    const last = await vscode.reveal('seeds', 'third.safetensors');
    await last.click({ modifiers: ['Shift'] });
    await vscode.chooseFromMenu(last, 'Compare Several Checkpoints');
  };
  await vscode.choose(selectAll, { placeholder: /^Which one is the base/, row: 'base' });
  await vscode.tab('base → one, other, third').waitFor();
  await new SeveralPage(vscode).complete();
  expect(await new SeveralPage(vscode).runs()).toEqual(['one', 'other', 'third']);
  await vscode.screenshot('three runs of one base');
  await vscode.reload();
  const back = new SeveralPage(vscode);
  await back.complete();
  expect(await back.runs()).toEqual(['one', 'other', 'third']);
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
  // what a first try left
  await vscode.runCommand('View: Close All Editors');
  for (const name of ['step-20', 'step-30', 'tmp']) rmSync(at('run', name), { recursive: true, force: true });
  const run = await vscode.reveal('run');
  await vscode.choose(() => vscode.chooseFromMenu(run, 'Compare Steps of a Training Run...'), {
    placeholder: /^The base/,
    row: `run/step-0/${MODEL}`,
  });
  await vscode.tab('Steps of run').waitFor();
  const page = new SeveralPage(vscode);
  await page.complete();
  await page.steps(1);
  // half of a step: it is there, and can't be asked for yet
  const bytes = readFileSync(at('next', '20', MODEL));
  mkdirSync(at('run', 'step-20'));
  writeFileSync(at('run', 'step-20', MODEL), bytes.subarray(0, bytes.length / 2));
  await page.document.locator('[data-fresh="20"]').waitFor({ timeout: 240_000 });
  expect(await page.action('include').count()).toBe(0);
  appendFileSync(at('run', 'step-20', MODEL), bytes.subarray(bytes.length / 2));
  await page.action('include').click({ timeout: 240_000 });
  await page.steps(2);
  await page.complete();
  // with Follow on the next one is computed unasked
  await page.action('follow').click();
  await page.document.locator('[data-action="follow"][aria-pressed="true"]').waitFor({ timeout: 60_000 });
  cpSync(at('next', '30'), at('run', 'tmp'), { recursive: true });
  renameSync(at('run', 'tmp'), at('run', 'step-30'));
  await page.steps(3);
  await page.complete();
  await vscode.screenshot('steps of a followed folder');
}, 900_000);
