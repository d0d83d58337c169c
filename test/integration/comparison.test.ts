import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { expectShown, goldenComparison, meanOf } from './support/golden.ts';
import { session } from './support/session.ts';

const { workbench, root } = session();
const golden = goldenComparison(root, 'base-to-rl');
const matrices = new Map([...golden].filter(([, figures]) => typeof figures['nss'] === 'number'));

test('"Open Sample Comparison" computes all 42 matrices', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  expect(matrices.size).toBe(42);
});

test('the cards show the golden figures, each beside its null', async () => {
  const page = new ComparisonPage(workbench());
  const [mask, energy] = await page.card('alignment').locator('.figure').allInnerTexts();
  expectShown(mask ?? '', 1 - meanOf(matrices, 'principalOverlap'), 'off-principal share');
  expectShown(energy ?? '', 1 - meanOf(matrices, 'jointEnergy'), 'off-principal energy');
  const keys = await page.card('alignment').locator('.keys').allInnerTexts();
  expectShown(keys[0] ?? '', 1 - meanOf(matrices, 'principalNull'), 'its Gaussian null');
  expectShown(keys[1] ?? '', 1 - meanOf(matrices, 'jointEnergyBaseline'), 'its baseline');
  expectShown(await page.card('nss').locator('.figure').innerText(), meanOf(matrices, 'nss'), 'NSS');
  const largest = Math.max(...[...matrices.values()].flatMap((m) => [m['angleUMax'] ?? 0, m['angleVMax'] ?? 0]));
  expectShown(await page.card('angles').locator('.figure').innerText(), largest, 'largest angle');
});

test('the verdicts follow the rule: like noise if the golden figures do not clear all three nulls', async () => {
  const page = new ComparisonPage(workbench());
  const verdicts = [...matrices.values()].map((m) => {
    const positions = ['', 'Step', 'Proportional'].map((kind) => m[`principalPosition${kind}`] ?? 0);
    const z = m['principalZ'] ?? 0;
    if (positions.every((position) => position < -0.2) && z < -3) return 'off';
    return positions.every((position) => position > 0.2) && z > 3 ? 'on' : 'noise';
  });
  const counts = new Map<string, number>();
  for (const verdict of verdicts) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const [[common, size] = ['', 0]] = [...counts].sort(([, a], [, b]) => b - a);
  const chip = page.card('alignment').locator('[data-verdict]').first();
  expect(await chip.getAttribute('data-verdict')).toBe(common);
  const text = await chip.innerText();
  if (size === 42) expect(text).not.toMatch(/ in \d+ of \d+/);
  else expect(text).toContain(`in ${size} of 42`);
});

test('hovering a cell shows its figures beside their nulls', async () => {
  const page = new ComparisonPage(workbench());
  await page.hover(0.25, 0.5);
  const title = await page.hoverCard().locator('b').first().innerText();
  const [, layer, module] = /^Layer (\d+), (.+)$/.exec(title) ?? [];
  const figures = golden.get(`model.layers.${layer}.${module}.weight`);
  if (!figures) throw new Error(`the hover card names "${title}"`);
  const overlap = await page.hoverRow('Principal overlap');
  expectShown(overlap.value, figures['principalOverlap'] ?? NaN, 'overlap');
  expectShown(overlap.beside, figures['principalNull'] ?? NaN, 'null');
  const energy = await page.hoverRow('Joint energy');
  expectShown(energy.value, figures['jointEnergy'] ?? NaN, 'joint energy');
  expectShown(energy.beside, figures['jointEnergyBaseline'] ?? NaN, 'isotropic share');
  expectShown((await page.hoverRow('Spectrum shift')).value, figures['nss'] ?? NaN, 'NSS');
});

test('clicking a cell shows its detail', async () => {
  const page = new ComparisonPage(workbench());
  await page.click(0.25, 0.9);
  const { cell, matrix } = await page.selected();
  const [layer, module] = cell.split(',');
  expect(Number(layer)).toBe(5);
  expect(matrix).toBe(`model.layers.${layer}.${module}.weight`);
  const detail = page.document.locator('[data-matrix]');
  for (const section of ['alignment', 'spectra', 'profiles', 'numbers']) {
    expect(await detail.locator(`[data-section="${section}"]`).count(), section).toBe(1);
  }
  expect(await detail.locator('[data-timing]').innerText()).toContain('computed on the CPU');
});

test('the answer stands above the figures, each clause with what it rests on', async () => {
  const page = new ComparisonPage(workbench());
  const clause = (code: string) => page.document.locator(`.answer [data-clause="${code}"]`);
  expect(await clause('share').innerText()).toBe('Three quarters of the weights changed');
  expect(await clause('direction-main').innerText()).toBe(
    "Everywhere the update leans into the base's main directions",
  );
  const answer = page.document.locator('.answer');
  expect(await answer.innerText()).toMatch(/main directions \(×\s?16 of random\)\./);
  const height = (): Promise<number> => answer.evaluate((strip) => strip.getBoundingClientRect().height);
  const closed = await height();
  await answer.locator('summary').click();
  expect(await height()).toBeGreaterThan(1.5 * closed);
  await answer.locator('summary').click();
});

test('the panes scroll, the page around them does not', async () => {
  const page = new ComparisonPage(workbench());
  const beyond = await page.document.locator('body').evaluate(() => {
    const most = document.documentElement.clientHeight;
    const root = document.scrollingElement;
    // what reaches below the page and is cut by no pane
    const long = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().bottom > most && !element.closest('.pane > *'),
    );
    return {
      scroll: (root?.scrollHeight ?? 0) - most,
      long: long.map((element) => `${element.tagName} ${element.getAttribute('class') ?? ''}`),
    };
  });
  expect(beyond).toEqual({ scroll: 0, long: [] });
});

test('the keyboard walks the heatmap, steps through metrics and enters the detail', async () => {
  const page = new ComparisonPage(workbench());
  const { keyboard } = workbench().page;
  await page.heatmap().focus();
  for (const key of ['PageUp', 'Home', 'ArrowDown', 'ArrowDown', 'ArrowRight']) await keyboard.press(key);
  expect((await page.selected()).cell).toMatch(/^2,/);
  const before = await page.document.getByLabel('Metric').inputValue();
  await keyboard.press(']');
  await expect.poll(() => page.document.getByLabel('Metric').inputValue()).not.toBe(before);
  await keyboard.press('[');
  await expect.poll(() => page.document.getByLabel('Metric').inputValue()).toBe(before);
  await keyboard.press('Enter');
  await expect
    .poll(() => page.document.locator('[data-matrix]').evaluate((pane) => pane === document.activeElement))
    .toBe(true);
  await keyboard.press('Escape');
  await expect.poll(() => page.heatmap().evaluate((grid) => grid === document.activeElement)).toBe(true);
});

test('the table twin holds the same 42 values', async () => {
  const page = new ComparisonPage(workbench());
  await page.document.getByLabel('Metric').selectOption('nss');
  await page.action('table').click();
  const rows = page.document.locator('table.twin tbody tr');
  expect(await rows.count()).toBe(6);
  const module = await page.document.locator('table.twin thead th').nth(1).getAttribute('title');
  const shown = await rows.nth(4).locator('td').first().innerText();
  const value = golden.get(`model.layers.4.${module}.weight`)?.['nss'] ?? NaN;
  expectShown(shown, value, `NSS of layer 4, ${module}`);
  await page.action('table').click();
  await page.document.getByLabel('Metric').selectOption({ index: 0 });
});

test('after a reload of the window the panel is back with its results and the reader’s choices', async () => {
  const before = await new ComparisonPage(workbench()).selected();
  await workbench().reload();
  const page = new ComparisonPage(workbench());
  await page.phase('done');
  expect(await page.counted()).toBe('42 of 42 matrices');
  expectShown(await page.card('nss').locator('.figure').innerText(), meanOf(matrices, 'nss'), 'NSS');
  expect(await page.selected()).toEqual(before);
});
