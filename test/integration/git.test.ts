/** A changed checkpoint in a real Git repository: from the explorer, from the source control view, and from its diff. */
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { expectGolden, goldenComparison, medianOf } from './support/golden.ts';
import { session } from './support/session.ts';

const { workbench, root } = session({
  // the rows of the explorer keep their names
  settings: {
    'git.enabled': true,
    'git.decorations.enabled': false,
    'git.openRepositoryInParentFolders': 'never',
  },
  prepare(workspace) {
    const git = (...args: string[]): void => {
      execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], { cwd: workspace });
    };
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'the family');
    copyFileSync(join(workspace, 'rl', 'model.safetensors'), join(workspace, 'base', 'model.safetensors'));
  },
});
const TITLE = /base@[0-9a-f]{7} → base/;

/** What is compared is base, as committed, with what lies there now: the bytes of rl. */
async function expectComparison(): Promise<void> {
  await workbench().tab(TITLE).waitFor();
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  await page.question('spectrum', 'nss');
  const golden = medianOf(goldenComparison(root, 'base-to-rl'), ({ nss }) => nss);
  expectGolden((await page.keyFigure()).value, golden, 'NSS');
  await workbench().runCommand('View: Close All Editors');
}
const change = () =>
  workbench().page.locator('.scm-view .monaco-list-row .resource', { hasText: 'model.safetensors' }).first();

test('explorer: "Compare Checkpoint with HEAD" on the file that changed', async () => {
  const row = await workbench().reveal('base', 'model.safetensors');
  await workbench().chooseFromMenu(row, 'Compare Checkpoint with HEAD');
  await expectComparison();
});

test('source control: the same in the menu of the changed file', async () => {
  const { page } = workbench();
  // pressed once more it would close
  if (!(await page.locator('.scm-view').first().isVisible()))
    await page.locator('.activitybar .action-label[aria-label^="Source Control"]').click({ force: true });
  await change().waitFor();
  await workbench().chooseFromMenu(change(), 'Compare Checkpoint with HEAD');
  await expectComparison();
});

test('its diff shows no error: the committed side says what it is, and has one button', async () => {
  const { page } = workbench();
  await workbench().runCommand('View: Close All Editors');
  await change().click();
  const sides = page.locator('iframe.webview.ready');
  const committed = sides.first().contentFrame().frameLocator('iframe#active-frame').locator('a[role="button"]');
  await expect.poll(() => sides.count()).toBe(2);
  await committed.waitFor();
  await workbench().screenshot('git diff');
  await expect.poll(() => committed.innerText()).toBe('Compare with HEAD');
  await committed.click();
  await expectComparison();
});

test('so does the title of the diff', async () => {
  const { page } = workbench();
  await change().click();
  await page.locator('.editor-actions .action-label[aria-label^="Compare Checkpoint with HEAD"]').first().click();
  await expectComparison();
});
