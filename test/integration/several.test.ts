/** Several checkpoints of one base: from a comparison, and the folder of a run that goes on. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';
import { SeveralPage } from './support/several.ts';

const MODEL = 'model.safetensors';
// A run of which two steps are written.
const { workbench } = session({
  prepare: (workspace) => {
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
  await page.steps(1);
  // half of a step: it is there, and can't be asked for yet
  const bytes = readFileSync(at('rl-hot', MODEL));
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
  mkdirSync(at('run', 'tmp'));
  copyFileSync(at('sft', MODEL), at('run', 'tmp', MODEL));
  renameSync(at('run', 'tmp'), at('run', 'step-30'));
  await page.steps(3);
  await page.complete();
  await vscode.screenshot('steps of a followed folder');
}, 900_000);
