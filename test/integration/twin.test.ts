import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';

const { workbench, root } = session();

test('noise of the same size stands beside the figures of every matrix, as it costs little', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  await expect.poll(() => page.document.locator('[data-badge]').count()).toBe(0);
  await page.click(0.25, 0.9);
  await page.openDetail();
  const marks = page.document.locator('[data-twin-mark]');
  await expect.poll(() => marks.count()).toBeGreaterThan(5);
  const { matrix } = await page.selected();
  const golden = JSON.parse(readFileSync(join(root, 'test/fixtures/golden/twin-base-to-rl.json'), 'utf8')) as {
    tensors: Record<string, { twin: { nss: number } }>;
  };
  const pair = JSON.parse(readFileSync(join(root, 'test/fixtures/golden/base-to-rl.json'), 'utf8')) as {
    tensors: Record<string, { nss: number }>;
  };
  const row = (await page.openSection('numbers')).locator('tr', { hasText: 'Spectrum shift' });
  const shown = Number(/[\d.]+/.exec(await row.locator('[data-twin-mark]').innerText())?.[0]);
  const expected = (pair.tensors[matrix]?.nss ?? NaN) / (golden.tensors[matrix]?.twin.nss ?? NaN);
  expect(Math.abs(shown / expected - 1)).toBeLessThan(0.03);
});

test('turned off behind the gear it is gone, said so, offered, and the choice is kept for this pair', async () => {
  const page = new ComparisonPage(workbench());
  await page.openParameters();
  await page.document.locator('#parameter-twin').uncheck();
  await page.action('compare-again').click();
  const badge = page.document.locator('[data-badge]');
  await badge.waitFor();
  await page.complete(42);
  await expect.poll(() => badge.innerText()).toBe('no noise to compare with');
  await expect.poll(() => page.document.locator('[data-twin-mark]').count()).toBe(0);
  await page.question('spectrum');
  await expect.poll(() => page.figure().inputValue()).toBe('nss');
  await workbench().runCommand('View: Close All Editors');
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  await page.complete(42);
  await badge.waitFor();
  await page.action('compute-twin').first().click();
  await badge.waitFor({ state: 'detached' });
  await page.complete(42);
  await page.question('spectrum');
  await expect.poll(() => page.figure().inputValue()).toBe('nssOverNoise');
});

test('a parameter that is out of range is refused with the reason, and nothing is computed', async () => {
  const page = new ComparisonPage(workbench());
  await page.openParameters();
  await page.document.locator('#parameter-maskRank').fill('100000');
  await page.action('compare-again').click();
  const failed = page.document.locator('[data-failed="whole"]');
  await failed.waitFor();
  await expect.poll(() => failed.innerText()).toMatch(/mask rank/i);
});

test('the other way round is a comparison of its own', async () => {
  const page = new ComparisonPage(workbench());
  await page.action('swap').click();
  await workbench()
    .tab(/rl → base/)
    .waitFor();
});
