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
  await workbench().choose(
    () => workbench().runCommand('Offaxis: Compare Checkpoints...'),
    { placeholder: /^The base/, row: join('base', 'model.safetensors') },
    { placeholder: /^The tuned one/, row: join('rl-hot', 'model.safetensors') },
  );
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
  const selectBoth = async (): Promise<void> => {
    await (await vscode.reveal('pair', 'base.safetensors')).click();
    const second = await vscode.reveal('pair', 'sft.safetensors');
    await second.click({ modifiers: ['ControlOrMeta'] });
    await vscode.chooseFromMenu(second, 'Compare Selected Checkpoints');
  };
  await vscode.choose(selectBoth, {
    placeholder: /^Which one is the base/,
    row: 'compare base (base) with sft (tuned)',
  });
  await expectComparison('base-to-sft');
});

test('commands that need a file are not in the palette', async () => {
  const { page } = workbench();
  const entries = page.locator('.quick-input-list .monaco-list-row .label-name');
  let names: string[] = [];
  await workbench().untilItHolds(async () => {
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').first().fill('>Offaxis', { timeout: 5_000 });
    await entries.filter({ hasText: 'Open Sample Comparison' }).waitFor({ timeout: 15_000 });
    names = await entries.allInnerTexts();
  });
  expect(names.some((name) => name.includes('Open Sample Comparison'))).toBe(true);
  expect(names.some((name) => name.includes('Compare Selected'))).toBe(false);
  await workbench().dismiss();
});
