import { expect, inject, test } from 'vitest';
import { expectAccessible } from './support/axe.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';
import { Workbench } from './support/workbench.ts';

const { workbench } = session();

test('axe finds nothing serious in the table and the detail', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-section="values"] svg').waitFor();
  await expectAccessible(workbench(), 'table');
});

test('axe finds nothing serious in filters, their errors, outliers and empty lists', async () => {
  const page = new InspectorPage(workbench());
  await turn(page.action('filters'), true);
  await turn(page.action('regex'), true);
  await page.action('filter').fill('(q');
  await page.action('filter-shape').fill('4096xx');
  await page.document.locator('#error-shape').waitFor();
  await expectAccessible(workbench(), 'filters with errors');
  await page.action('clear-all').click();
  await page.action('filter').fill('nothing of that name');
  await page.document.locator('[data-state="no-match"]').waitFor();
  await expectAccessible(workbench(), 'empty list');
  await page.action('clear-filter').click();
  await turn(page.action('outliers'), true);
  await page.document.locator('[data-rule]').waitFor();
  await expectAccessible(workbench(), 'outliers');
  await page.action('outliers').click();
  await page.action('filters').click();
});

test('axe finds nothing serious in the spectra map and its table', async () => {
  const page = new InspectorPage(workbench());
  await page.document.locator('button[data-view="spectra"]').click();
  await page.document.locator('[data-map]').waitFor();
  await expectAccessible(workbench(), 'map');
  await turn(page.action('table'), true);
  await expectAccessible(workbench(), 'map as a table');
  await page.action('table').click();
  await page.document.locator('button[data-view="tensors"]').click();
});

test('the virtual rows tell their place, and the focus is seen', async () => {
  const page = new InspectorPage(workbench());
  const grid = page.document.getByRole('treegrid');
  await grid.focus();
  await workbench().page.keyboard.press('End');
  const last = page.document.locator('.trow.sel');
  await expect.poll(() => last.getAttribute('aria-rowindex')).toBe(await grid.getAttribute('aria-rowcount'));
  await expect.poll(() => last.getAttribute('aria-level')).toBe('2');
  await expect.poll(() => grid.getAttribute('aria-activedescendant')).toBe(await last.getAttribute('id'));
  await expect.poll(() => last.evaluate((row) => getComputedStyle(row).outlineStyle)).not.toBe('none');
});

// VS Code for the web reads its settings file at the start only: a theme takes a VS Code of its own.
const THEMES = [
  ['Default Light Modern', 'vscode-light'],
  ['Default High Contrast', 'vscode-high-contrast'],
  ['Default High Contrast Light', 'vscode-high-contrast-light'],
] as const;
test.each(THEMES)('axe finds nothing serious in %s, the filters open', async (theme, bodyClass) => {
  const themed = await Workbench.open(inject('installation'), { theme });
  try {
    await themed.openFromExplorer('base', 'model.safetensors');
    const page = new InspectorPage(themed);
    await page.document.locator(`body.${bodyClass}`).waitFor();
    await page.document.locator('[data-section="values"] svg').waitFor();
    await page.action('filters').click();
    await page.action('filter-shape').fill('4096xx');
    await page.document.locator('#error-shape').waitFor();
    await expectAccessible(themed, theme);
  } finally {
    await themed.close();
  }
});

test('at 200 % nothing is cut off sideways, and list and detail are both there', async () => {
  await workbench().runCommand('View: Close Primary Side Bar');
  // half the CSS pixels, as the browser zooms
  await workbench().page.setViewportSize({ width: 720, height: 450 });
  const page = new InspectorPage(workbench());
  await page.document.getByRole('treegrid').waitFor();
  await expect
    .poll(() => page.document.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth))
    .toBeLessThanOrEqual(0);
  await page.document.locator('[data-section="values"]').scrollIntoViewIfNeeded();
  await expect.poll(() => page.document.locator('[data-section="values"]').isVisible()).toBe(true);
  await expectAccessible(workbench(), '200 %');
});
