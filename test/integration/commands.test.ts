import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { expectGolden, goldenComparison, medianOf } from './support/golden.ts';
import { session } from './support/session.ts';

// Two checkpoints in one folder, so that both can be selected at once.
const { workbench, root } = session({
  prepare: (workspace) => {
    for (const name of ['base', 'sft'])
      cpSync(join(workspace, name, 'model.safetensors'), join(workspace, 'pair', `${name}.safetensors`));
  },
});

/** The median shift of the spectrum, which tells the pairs apart. */
async function expectComparison(pair: 'base-to-rl' | 'base-to-rl-hot' | 'base-to-sft'): Promise<void> {
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  const golden = goldenComparison(root, pair);
  await page.question('spectrum', 'nss');
  const { value } = await page.keyFigure();
  expectGolden(
    value,
    medianOf(golden, ({ nss }) => nss),
    `NSS of ${pair}`,
  );
  await workbench().runCommand('View: Close All Editors');
}

test('"Compare Checkpoints..." asks for both in quick picks', async () => {
  await workbench().runCommand('Offaxis: Compare Checkpoints...');
  await workbench().pick(/^The base/, join('base', 'model.safetensors'));
  await workbench().pick(/^The tuned one/, join('rl-hot', 'model.safetensors'));
  await expectComparison('base-to-rl-hot');
});

test('explorer: "Select as Base Checkpoint", then "Compare with Base"', async () => {
  const vscode = workbench();
  await vscode.selectAsBase('base', 'model.safetensors');
  await vscode.chooseFromMenu(await vscode.reveal('rl', 'model.safetensors'), 'Compare with Base');
  await expectComparison('base-to-rl');
});

test('explorer: two selected files, "Compare Selected Checkpoints"', async () => {
  const vscode = workbench();
  await (await vscode.reveal('pair', 'base.safetensors')).click();
  const second = await vscode.reveal('pair', 'sft.safetensors');
  await second.click({ modifiers: ['ControlOrMeta'] });
  await vscode.chooseFromMenu(second, 'Compare Selected Checkpoints');
  await vscode.pick(/^Which one is the base/, 'compare base (base) with sft (tuned)');
  await expectComparison('base-to-sft');
});

test('commands that need a file are not in the palette', async () => {
  const { page } = workbench();
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').fill('>Offaxis');
  const entries = page.locator('.quick-input-list .monaco-list-row .label-name');
  await entries.filter({ hasText: 'Open Sample Comparison' }).waitFor();
  const names = await entries.allInnerTexts();
  expect(names.some((name) => name.includes('Compare Selected'))).toBe(false);
  await page.keyboard.press('Escape');
});
