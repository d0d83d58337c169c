import { expect, test } from 'vitest';
import { expectAccessible } from './support/axe.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

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
  await workbench().page.setViewportSize({ width: 1440, height: 900 });
});

/** As the picker of themes names them, and the class that the page then has. */
const OTHERS = [
  ['Light Modern', 'vscode-light'],
  ['Dark High Contrast', 'vscode-high-contrast:not(.vscode-high-contrast-light)'],
  ['Light High Contrast', 'vscode-high-contrast-light'],
] as const;
test.each(OTHERS)('axe finds nothing serious in %s, the filters open', async (theme, mark) => {
  await workbench().choose(() => workbench().runCommand('Preferences: Color Theme'), {
    placeholder: /Select Color Theme/i,
    type: theme,
    row: theme,
  });
  const page = new InspectorPage(workbench());
  await page.document.locator(`body.${mark}`).waitFor();
  await page.document.locator('[data-section="values"] svg').waitFor();
  const shape = page.action('filter-shape');
  if (!(await shape.isVisible())) await page.action('filters').click();
  await shape.fill('4096xx');
  await page.document.locator('#error-shape').waitFor();
  await expectAccessible(workbench(), theme);
});
