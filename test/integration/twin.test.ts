import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';

const { workbench, root } = session();

test('the switch puts noise of the same size beside the figures of every matrix', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  await page.click(0.25, 0.9);
  const marks = page.document.locator('[data-twin-mark]');
  expect(await marks.count()).toBe(0);
  await page.document.locator('[data-section="numbers"] [data-twin]').check();
  await page.complete(42);
  await expect.poll(() => marks.count(), { timeout: 60_000 }).toBeGreaterThan(5);
  const { matrix } = await page.selected();
  const golden = JSON.parse(readFileSync(join(root, 'test/fixtures/golden/twin-base-to-rl.json'), 'utf8')) as {
    tensors: Record<string, { twin: { nss: number } }>;
  };
  const pair = JSON.parse(readFileSync(join(root, 'test/fixtures/golden/base-to-rl.json'), 'utf8')) as {
    tensors: Record<string, { nss: number }>;
  };
  const row = page.document.locator('[data-section="numbers"] tr', { hasText: 'Spectrum shift' });
  const shown = Number(/[\d.]+/.exec(await row.locator('[data-twin-mark]').innerText())?.[0]);
  const expected = (pair.tensors[matrix]?.nss ?? NaN) / (golden.tensors[matrix]?.twin.nss ?? NaN);
  expect(Math.abs(shown / expected - 1)).toBeLessThan(0.03);
});
