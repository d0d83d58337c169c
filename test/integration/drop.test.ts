/** A checkpoint dragged from the explorer onto a comparison; VS Code lets it through to the page while Shift is held. */
import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';
import { SeveralPage } from './support/several.ts';

const { workbench } = session();

test('joins it: both tuned ones beside each other, the comparison stays', async () => {
  const { page } = workbench();
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  await new ComparisonPage(workbench()).complete(42);
  const source = await (await workbench().reveal('sft', 'model.safetensors')).boundingBox();
  const target = await page.locator('iframe.webview.ready').first().boundingBox();
  if (!source || !target) throw new Error('the explorer or the page is not on show');
  await workbench().untilItHolds(async () => {
    await page.mouse.move(source.x + 60, source.y + source.height / 2);
    await page.mouse.down();
    await page.keyboard.down('Shift');
    const [x, y] = [target.x + target.width / 2, target.y + target.height / 2];
    await page.mouse.move(x - 40, y, { steps: 10 });
    await page.mouse.move(x, y, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await workbench().tab('base → rl, sft').waitFor({ timeout: 20_000 });
  });
  const compared = new SeveralPage(workbench());
  await compared.complete();
  expect(await compared.runs()).toEqual(['rl', 'sft']);
  await expect
    .poll(() =>
      workbench()
        .tab(/base → rl$/)
        .count(),
    )
    .toBe(1);
}, 300_000);
