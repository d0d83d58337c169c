import { beforeEach, expect, test } from 'vitest';
import { expectAccessible } from './support/axe.ts';
import { ComparisonPage } from './support/comparison.ts';
import { session } from './support/session.ts';
import type { Workbench } from './support/workbench.ts';

const { workbench } = session();
const comparison = (): ComparisonPage => new ComparisonPage(workbench());

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await workbench().page.keyboard.press(key);
}
/** Opens the sample comparison, or brings the one that is open to the front, with its map on show. */
async function openSample(vscode: Workbench): Promise<void> {
  await vscode.runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(vscode);
  await page.complete(42);
  if ((await page.action('table').getAttribute('aria-pressed')) === 'true') await page.action('table').click();
  await page.heatmap().waitFor();
}
/** Zoom 200 % is half the CSS pixels, as the browser does it. */
async function atTwice(vscode: Workbench, look: () => Promise<void>): Promise<void> {
  await vscode.page.setViewportSize({ width: 720, height: 450 });
  try {
    await look();
  } finally {
    await vscode.page.setViewportSize({ width: 1440, height: 900 });
  }
}
const overflow = (vscode: Workbench): Promise<number> =>
  vscode
    .view()
    .locator('html')
    .evaluate((root) => root.scrollWidth - root.clientWidth);

beforeEach(() => openSample(workbench()));

test('axe finds nothing serious in the answer, the map and the detail', async () => {
  await expectAccessible(workbench(), 'comparison');
});

test('axe finds nothing serious in the ranked table, an open menu and a hover card', async () => {
  const page = comparison();
  await page.action('table').click();
  await page.heatmap().waitFor({ state: 'hidden' });
  await expectAccessible(workbench(), 'ranked table');
  await page.action('table').click();
  await page.openDetail();
  const plot = page.document.locator('[data-section="spectra"] ox-plot');
  await plot.locator('.more').focus();
  await press('Enter');
  await plot.locator('[role="menu"]').waitFor();
  await expectAccessible(workbench(), 'menu of a picture');
  await press('Escape');
  await plot.locator('.reading').focus();
  await press('End');
  await page.hoverCard().waitFor();
  await expectAccessible(workbench(), 'hover card');
});

test('without a mouse: metric, cell, detail and back', async () => {
  const page = comparison();
  await page.heatmap().focus();
  const metric = page.figure();
  const first = await metric.inputValue();
  await press(']');
  await expect.poll(() => metric.inputValue()).not.toBe(first);
  await press('[');
  await expect.poll(() => metric.inputValue()).toBe(first);
  await press('ArrowRight', 'Home', 'PageUp', 'ArrowRight', 'ArrowDown');
  await expect.poll(async () => (await page.selected()).cell).toBe('1,self_attn.k_proj');
  const focused = (): Promise<string | undefined> =>
    page.document
      .locator(':focus')
      .evaluateAll(([element]) => element?.closest('ox-detail, ox-map')?.tagName.toLowerCase());
  for (const [key, pane] of [
    ['F6', 'ox-detail'],
    ['F6', 'ox-map'],
    ['Enter', 'ox-detail'],
    ['Escape', 'ox-map'],
  ] as const) {
    await press(key);
    await expect.poll(focused, { message: key }).toBe(pane);
  }
});

test('every control and every plot is reached with Tab, and shows that it has the focus', async () => {
  const page = comparison();
  const describe = (all: Element[]): { id: string; isShown: boolean }[] =>
    all.map((element) => {
      const path: string[] = [];
      for (let e: Element | null = element; e; e = e.parentElement)
        path.unshift(`${e.tagName.toLowerCase()}:${[...(e.parentElement?.children ?? [])].indexOf(e)}`);
      // the ring of the map is drawn round its selected cell
      const isShown = getComputedStyle(element).outlineStyle !== 'none' || element.classList.contains('heatmap');
      return { id: `${path.join('/')} ${element.getAttribute('aria-label') ?? element.textContent ?? ''}`, isShown };
    });
  const wanted = await page.document
    .locator(
      'button:visible:enabled:not([tabindex="-1"]), select:visible:enabled, .reading[tabindex="0"]:visible, .heatmap',
    )
    .evaluateAll(describe);
  expect(wanted.length).toBeGreaterThan(15);
  // Only a key gives the focus that is to be seen.
  await page.document.locator('[data-action="choose-base"]').focus();
  await press('Tab', 'Shift+Tab');
  const seen = new Set<string>();
  for (let i = 0; i < wanted.length + 60; i++) {
    const [here] = await page.document.locator(':focus').evaluateAll(describe);
    if (!here) break;
    expect(here.isShown, here.id).toBe(true);
    seen.add(here.id);
    await press('Tab');
  }
  expect(wanted.map(({ id }) => id).filter((id) => !seen.has(id))).toEqual([]);
});

test('at 200 % nothing is cut off sideways, and the actions keep their names', async () => {
  await atTwice(workbench(), async () => {
    await expect.poll(() => overflow(workbench())).toBeLessThanOrEqual(1);
    await comparison().document.getByRole('button', { name: 'Export', exact: true }).click();
    for (const action of ['export', 'export-figure', 'copy-command-line']) await comparison().action(action).waitFor();
    await expectAccessible(workbench(), 'menu of exports at 200 %');
    await press('Escape');
    await comparison().action('export').waitFor({ state: 'hidden' });
    await expectAccessible(workbench(), 'comparison at 200 %');
    await workbench().screenshot('comparison dark at 200 percent');
  });
});

/** As the picker of themes names them, and the class that the page then has. */
const OTHERS = [
  ['Light Modern', 'vscode-light'],
  ['Dark High Contrast', 'vscode-high-contrast:not(.vscode-high-contrast-light)'],
  ['Light High Contrast', 'vscode-high-contrast-light'],
] as const;
test.each(OTHERS)('axe finds nothing serious in %s', async (theme, mark) => {
  await workbench().choose(() => workbench().runCommand('Preferences: Color Theme'), {
    placeholder: /Select Color Theme/i,
    type: theme,
    row: theme,
  });
  await comparison().document.locator(`body.${mark}`).waitFor();
  await workbench().screenshot(`comparison ${theme}`);
  await expectAccessible(workbench(), theme);
  await comparison().action('table').click();
  await comparison().heatmap().waitFor({ state: 'hidden' });
  await expectAccessible(workbench(), `ranked table, ${theme}`);
  await comparison().action('table').click();
  await atTwice(workbench(), async () => {
    await expect.poll(() => overflow(workbench())).toBeLessThanOrEqual(1);
    await workbench().screenshot(`comparison ${theme} at 200 percent`);
  });
});
