import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { expectGolden, expectGoldenKeyFigures, expectShown, goldenComparison, medianOf } from './support/golden.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const { workbench, root } = session();
const golden = goldenComparison(root, 'base-to-rl');
const matrices = new Map([...golden].filter(([, figures]) => typeof figures['nss'] === 'number'));

test('"Open Sample Comparison" computes all 42 matrices', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(workbench());
  await page.complete(42);
  expect(matrices.size).toBe(42);
});

test('each question has its golden figure, beside what noise or chance gives', async ({ task }) => {
  const page = new ComparisonPage(workbench());
  // which it begins with, unless this is its second try
  const { retryCount = 0 } = task.result ?? {};
  if (retryCount > 0) await page.question('size');
  await expect.poll(() => page.document.locator('[role="tab"][aria-selected="true"]').innerText()).toBe('How much?');
  const pooled = (id: 'updateNorm' | 'baseNorm'): number =>
    Math.sqrt([...golden.values()].reduce((sum, m) => sum + (m[id] ?? NaN) ** 2, 0));
  const size = await page.keyFigure();
  expectGolden(size.value, pooled('updateNorm') / pooled('baseNorm'), 'relative update of the model');
  expect(size.noise).toBeGreaterThan(0);
  await expect.poll(() => page.keyRow()).toContain('one rounding to bf16');
  await expectGoldenKeyFigures(page, matrices);
  await expect.poll(() => page.keyRow()).toMatch(/limit [\d.]+\s%/);
  const most = page.action('most');
  // it leads to its matrix
  const [, layer] = /in layer (\d+),/.exec(await most.innerText()) ?? [];
  await most.click();
  await expect.poll(async () => (await page.selected()).cell).toMatch(new RegExp(`^${layer},`));
  await page.question('size');
});

test('the verdicts follow the rule: like noise if the golden figures do not clear all three nulls', async () => {
  const page = new ComparisonPage(workbench());
  const verdicts = [...matrices.values()].map((m) => {
    const positions = ['', 'Step', 'Proportional'].map((kind) => m[`principalPosition${kind}`] ?? 0);
    const z = m['principalZ'] ?? 0;
    if (positions.every((position) => position < -0.2) && z < -3) return 'off-principal';
    return positions.every((position) => position > 0.2) && z > 3 ? 'on-principal' : 'like noise';
  });
  await page.openRest();
  const counted = page.document.locator('[data-section="verdicts"] p').first();
  for (const word of new Set(verdicts))
    await expect.poll(() => counted.innerText()).toContain(`${verdicts.filter((one) => one === word).length} ${word}`);
  await page.document.locator('details.rest > summary').click();
});

test('hovering a cell shows its figures beside what noise gives', async () => {
  const page = new ComparisonPage(workbench());
  await page.hover(0.25, 0.5);
  const title = await page.hoverCard().locator('b').first().innerText();
  const [, layer, label] = /^Layer (\d+), (\w+)$/.exec(title) ?? [];
  const name = [...golden.keys()].find((one) => new RegExp(`\\.${layer}\\..*\\.${label}_proj\\.weight$`).test(one));
  const figures = golden.get(name ?? '');
  if (!figures) throw new Error(`the hover card names "${title}"`);
  const overlap = await page.hoverRow('Main entries hit');
  expectShown(overlap.value, figures['principalOverlap'] ?? NaN, 'overlap');
  expectShown(overlap.beside, figures['principalNull'] ?? NaN, 'noise');
  const energy = await page.hoverRow('In main directions');
  expectShown(energy.value, figures['jointEnergy'] ?? NaN, 'joint energy');
  expectShown(energy.beside, figures['jointEnergyBaseline'] ?? NaN, 'share of a random direction');
  expectShown((await page.hoverRow('Spectrum shift')).value, figures['nss'] ?? NaN, 'NSS');
});

test('clicking a cell shows its detail', async () => {
  const page = new ComparisonPage(workbench());
  await page.click(0.25, 0.9);
  await expect.poll(async () => (await page.selected()).cell).toMatch(/^5,/);
  const { cell, matrix } = await page.selected();
  const [layer, module] = cell.split(',');
  expect(Number(layer)).toBe(5);
  expect(matrix).toBe(`model.layers.${layer}.${module}.weight`);
  const detail = page.document.locator('[data-matrix]');
  for (const section of [
    'noise',
    'picture',
    'spectra',
    'energy-curves',
    'angles',
    'profiles',
    'alignment',
    'numbers',
  ]) {
    await expect.poll(() => detail.locator(`[data-section="${section}"]`).count(), { message: section }).toBe(1);
  }
  await expect.poll(() => detail.locator('[data-timing]').innerText()).toContain('computed on the CPU');
});

test('the answer stands above the figures, each clause with what it rests on', async () => {
  const page = new ComparisonPage(workbench());
  const clause = (code: string) => page.document.locator(`.answer [data-clause="${code}"]`);
  await expect.poll(() => clause('share').innerText()).toBe('Three quarters of the weights changed');
  await expect
    .poll(() => clause('direction-main-low').innerText())
    .toBe("Everywhere the update is low-rank and leans into the base's main directions");
  const answer = page.document.locator('.answer');
  await expect.poll(() => answer.innerText()).toMatch(/main directions \(×\s?16 of random, noise ×\s?[\d.]+\)\./);
  // pressed, a clause opens its question; pressed again it is as before
  await turn(clause('direction-main-low'), false);
  await clause('direction-main-low').click();
  const tab = page.document.locator('[role="tab"][aria-selected="true"]');
  await expect.poll(() => tab.innerText()).toBe('Where does it point?');
  await expect.poll(() => clause('direction-main-low').getAttribute('aria-pressed')).toBe('true');
  await page.action('show-all').waitFor();
  await clause('direction-main-low').press('Enter');
  await expect.poll(() => page.action('show-all').count()).toBe(0);
  await expect.poll(() => clause('direction-main-low').getAttribute('aria-pressed')).toBe('false');
  await page.question('size');
});

test('the panes scroll, the page around them does not', async () => {
  const page = new ComparisonPage(workbench());
  const beyond = await page.document.locator('body').evaluate(() => {
    const most = document.documentElement.clientHeight;
    const root = document.scrollingElement;
    // what reaches below the page and is cut by no pane
    const long = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().bottom > most && !element.closest('.pane > *, .left > *'),
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
  await expect.poll(async () => (await page.selected()).cell).toMatch(/^2,/);
  const before = await page.figure().inputValue();
  await keyboard.press(']');
  await expect.poll(() => page.figure().inputValue()).not.toBe(before);
  await keyboard.press('[');
  await expect.poll(() => page.figure().inputValue()).toBe(before);
  for (const [key, question] of [
    ['3', 'Did the spectrum move?'],
    ['2', 'Where does it point?'],
    ['1', 'How much?'],
  ] as const) {
    await keyboard.press(key);
    await expect.poll(() => page.document.locator('[role="tab"][aria-selected="true"]').innerText()).toBe(question);
  }
  await keyboard.press('Enter');
  await expect
    .poll(() => page.document.locator('[data-matrix]').evaluate((pane) => pane === document.activeElement))
    .toBe(true);
  await keyboard.press('Escape');
  await expect.poll(() => page.heatmap().evaluate((grid) => grid === document.activeElement)).toBe(true);
});

test('the ranked table holds all 42 matrices, in place of the map if asked', async () => {
  const page = new ComparisonPage(workbench());
  await turn(page.action('table'), true);
  await page.heatmap().waitFor({ state: 'hidden' });
  await expect.poll(() => page.document.locator('table.rank').getAttribute('aria-rowcount')).toBe('43');
  const first = page.ranked().first();
  const figures = golden.get((await first.getAttribute('data-matrix-row')) ?? '');
  const most = Math.max(...[...matrices.values()].map((m) => m['relativeUpdate'] ?? 0));
  expect(figures?.['relativeUpdate']).toBe(most);
  expectShown(await first.locator('td').nth(2).innerText(), most, 'largest relative update');
  await page.action('table').click();
  await page.heatmap().waitFor();
});

test('after a reload of the window the panel is back with its results and the reader’s choices', async () => {
  const before = await new ComparisonPage(workbench()).selected();
  await new ComparisonPage(workbench()).question('spectrum', 'nss');
  await workbench().reload();
  const page = new ComparisonPage(workbench());
  await page.phase('done');
  await expect.poll(() => page.counted()).toBe('42 of 42 matrices');
  expectGolden(
    (await page.keyFigure()).value,
    medianOf(matrices, ({ nss }) => nss),
    'NSS',
  );
  await expect.poll(() => page.selected()).toEqual(before);
});
