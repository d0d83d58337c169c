import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { llamaMatrices, writeCheckpoint } from './support/generate.ts';
import { session } from './support/session.ts';

const tensors = llamaMatrices(6, 1024);
const { workbench } = session({
  prepare: (workspace) => {
    writeCheckpoint(join(workspace, 'large', 'before.safetensors'), tensors, 0);
    writeCheckpoint(join(workspace, 'large', 'after.safetensors'), tensors, 3);
  },
});

const done = async (page: ComparisonPage): Promise<number> => Number((await page.counted()).split(' ')[0]);

test('cancelling ends the work within a second and keeps what is done; Resume finishes it', async () => {
  const vscode = workbench();
  await vscode.selectAsBase('large', 'before.safetensors');
  await vscode.chooseFromMenu(await vscode.reveal('large', 'after.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(vscode);
  await page.document.locator('body[data-phase="planned"], body[data-phase="running"]').waitFor();
  if (await page.action('start').isVisible()) await page.action('start').click();
  await expect.poll(() => done(page)).toBeGreaterThan(0);

  const pressed = performance.now();
  await page.action('cancel').click();
  await page.phase('cancelled');
  const cancelled = performance.now() - pressed;
  const kept = await done(page);
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(tensors.length);

  const resumed = performance.now();
  await page.action('resume').click();
  await page.phase('done', 200_000);
  // A second for the engine, and some for the click and the browser, of an idle machine; held against the rest of the work, which takes
  // many times that: it is as slow as the machine is busy.
  expect(cancelled).toBeLessThan((performance.now() - resumed) / 4);
  await expect.poll(() => page.counted()).toBe(`${tensors.length} of ${tensors.length} matrices`);
}, 360_000);
