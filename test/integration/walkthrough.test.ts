import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session();
const TITLE = 'Read what training did to a checkpoint';

async function show(): Promise<void> {
  const { page } = workbench();
  await workbench().choose(() => workbench().runCommand('Welcome: Open Walkthrough...'), { type: TITLE, row: TITLE });
  await page.locator('.getting-started-step').first().waitFor();
}
const step = (id: string) => workbench().page.locator(`.getting-started-step[data-step-id$="#${id}"]`);

/** The picture of the step that is open; it is SVG in a document of its own. */
const picture = () =>
  workbench()
    .page.locator('.getting-started-media iframe.webview.ready')
    .contentFrame()
    .frameLocator('iframe#active-frame')
    .locator('svg');

test('the walkthrough has four steps, each with its picture in the colours of the theme', async () => {
  await show();
  await expect.poll(() => workbench().page.locator('.getting-started-step').count()).toBe(4);
  const pictures = new Set<string>();
  for (const id of ['open', 'compare', 'mask', 'energy']) {
    await step(id).click();
    await expect.poll(() => picture().innerHTML()).not.toBe([...pictures].at(-1));
    pictures.add(await picture().innerHTML());
    await workbench().screenshot(`walkthrough ${id}`);
    const { ink, theme, cut } = await picture().evaluate((svg) => {
      const root = getComputedStyle(document.documentElement);
      const swatch = document.body.appendChild(document.createElement('i'));
      swatch.style.color = root.getPropertyValue('--vscode-foreground');
      const theme = getComputedStyle(swatch).color;
      swatch.remove();
      const edge = svg.getBoundingClientRect().right;
      const texts = [...svg.querySelectorAll('text')];
      return {
        ink: texts[0] && getComputedStyle(texts[0]).fill,
        theme,
        cut: texts.filter((text) => text.getBoundingClientRect().right > edge).map((text) => text.textContent),
      };
    });
    expect(ink, id).toBe(theme);
    expect(ink, id).not.toBe('rgb(0, 0, 0)');
    expect(cut, id).toEqual([]);
  }
  expect(pictures.size).toBe(4);
});

test('its buttons open the samples, and its four steps are ticked off', async () => {
  const { page } = workbench();
  const isDone = (id: string) => step(id).locator('.codicon-getting-started-step-checked.complete');
  await expect.poll(() => isDone('mask').count()).toBe(1);
  await expect.poll(() => isDone('open').count()).toBe(0);
  const back = async (id: string): Promise<void> => {
    await workbench().tab('Welcome').click();
    await isDone(id).waitFor();
  };
  await step('open').click();
  await step('open').getByText('Open Sample Checkpoint').click();
  await new InspectorPage(workbench()).document.locator('[data-section="values"] svg').waitFor();
  await back('open');
  await expect.poll(() => isDone('compare').count()).toBe(0);
  await step('compare').click();
  await step('compare').getByText('Open Sample Comparison').click();
  await new ComparisonPage(workbench()).complete(42);
  await back('compare');
  await expect.poll(() => isDone('energy').count()).toBe(0);
  await step('energy').click();
  await workbench().untilItHolds(async () => {
    await step('energy').getByText('Compare Checkpoints...').click({ timeout: 15_000 });
    await page.locator('.quick-input-widget input').and(page.getByPlaceholder(/base/i)).waitFor({ timeout: 15_000 });
  });
  // once: a second Escape would close the walkthrough
  await page.keyboard.press('Escape');
  await isDone('energy').waitFor();
});
