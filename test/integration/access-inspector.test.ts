import { expect, test } from 'vitest';
import { expectAccessible } from './support/axe.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session();

test('axe finds nothing serious in the table and the detail', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-section="values"] svg').waitFor();
  await expectAccessible(workbench(), 'table');
});

test('axe finds nothing serious in the spectra map and its table', async () => {
  const page = new InspectorPage(workbench());
  await page.document.locator('button[data-view="spectra"]').click();
  await page.document.locator('[data-map]').waitFor();
  await expectAccessible(workbench(), 'map');
  await page.action('table').click();
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
  expect(await last.getAttribute('aria-level')).toBe('2');
  expect(await grid.getAttribute('aria-activedescendant')).toBe(await last.getAttribute('id'));
  expect(await last.evaluate((row) => getComputedStyle(row).outlineStyle)).not.toBe('none');
});
