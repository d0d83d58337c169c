/** Map, layer profile, ranked table and detail of the comparison, with pointer and keys; and the layout in windows of four sizes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { f32, safetensors, type Entry } from '../unit/formats/build.ts';
import { ComparisonPage } from './support/comparison.ts';
import { goldenComparison } from './support/golden.ts';
import { layoutOf, sized } from './support/layout.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const EXPERTS = 64;
/** Of a layer of small experts: how far each has moved. */
const MOVED: Readonly<Record<number, number>> = { 5: 0.02, 40: 0.01 };
const { workbench, root } = session({
  prepare: (workspace) => {
    for (const name of ['before', 'after']) {
      const experts = Array.from({ length: EXPERTS }, (_, expert): [string, Entry] => {
        const moved = name === 'after' ? (MOVED[expert] ?? 0.001) : 0;
        const values = Array.from({ length: 256 }, (_, i) => Math.sin(i * i + expert) + (i % 3 ? 0 : moved));
        return [
          `model.layers.0.mlp.experts.${expert}.up_proj.weight`,
          { dtype: 'F32', shape: [16, 16], data: f32(...values) },
        ];
      });
      mkdirSync(join(workspace, `experts-${name}`));
      writeFileSync(join(workspace, `experts-${name}`, 'model.safetensors'), safetensors(Object.fromEntries(experts)));
    }
  },
});
const golden = goldenComparison(root, 'base-to-rl');
const page = (): ComparisonPage => new ComparisonPage(workbench());
const press = (key: string): Promise<void> => workbench().page.keyboard.press(key);
const chip = (): Locator => page().action('show-all');
/** Layers of the rows of the table, the first as they are drawn. */
const layers = async (): Promise<number[]> =>
  (await page().ranked().allInnerTexts()).map((row) => Number(/Layer (\d+)/.exec(row)?.[1]));
const matrices = [...golden].filter(([, figures]) => typeof figures['nss'] === 'number');
/** Name of the matrix that has most, or least, of a figure. */
function extreme(id: string, which: 'most' | 'least'): string | undefined {
  const ascending = [...matrices].sort(([, a], [, b]) => (a[id] ?? NaN) - (b[id] ?? NaN));
  return ascending.at(which === 'most' ? -1 : 0)?.[0];
}

test('the layers of the map are brushed on the profile: the others dim, the table follows', async () => {
  await workbench().runCommand('Offaxis: Open Sample Comparison');
  await page().complete(42);
  await sized(workbench(), 1300, 860);
  await page().question('size');
  if (await chip().isVisible()) await chip().click();
  expect(new Set(await layers()).size).toBeGreaterThan(2);
  const band = page().document.locator('.heatmap-band');
  const box = await band.boundingBox();
  if (!box) throw new Error('no profile');
  const at = (layer: number): [number, number] => [box.x + box.width / 2, box.y + ((layer + 0.5) * box.height) / 6];
  const { mouse } = workbench().page;
  await mouse.move(...at(4));
  await mouse.down();
  await mouse.move(...at(3), { steps: 4 });
  await mouse.up();
  await expect.poll(() => chip().innerText()).toMatch(/Layers 3–4/);
  await expect.poll(async () => [...new Set(await layers())].sort()).toEqual([3, 4]);
  await expect.poll(() => band.getAttribute('aria-valuetext')).toBe('layers 3 to 4');
  await mouse.dblclick(...at(1));
  await expect.poll(() => chip().count()).toBe(0);

  await band.focus();
  await press('ArrowDown');
  await press('ArrowDown');
  await press('Shift+ArrowDown');
  await expect.poll(() => chip().innerText()).toMatch(/Layers 1–2/);
  await press('Escape');
  await expect.poll(() => chip().count()).toBe(0);
});

test('a pressed clause and the brush narrow the table together', async () => {
  const clause = page().document.locator('.answer .clause.finding').first();
  await clause.click();
  await chip().waitFor();
  await expect.poll(() => page().ranked().count()).toBeGreaterThan(0);
  await chip().click();
  await expect.poll(() => chip().count()).toBe(0);
});

test('the table is sorted by its heads, either way and back, and selects what is clicked', async () => {
  await page().question('size');
  const head = page().document.locator('[data-sort="changed"]');
  const first = (): Promise<string | null> => page().ranked().first().getAttribute('data-matrix-row');
  // a first try may have left it sorted
  while ((await page().document.locator('th[aria-sort]:has([data-sort="changed"])').count()) > 0) await head.click();
  await head.click();
  await expect.poll(first).toBe(extreme('updateDensity', 'most'));
  await expect.poll(() => page().document.locator('th[aria-sort="descending"]').innerText()).toMatch(/^Changed/);
  await head.click();
  await expect.poll(first).toBe(extreme('updateDensity', 'least'));
  await head.click();
  await expect.poll(first).toBe(extreme('relativeUpdate', 'most'));
  await page().ranked().nth(1).click();
  await expect
    .poll(async () => (await page().selected()).matrix)
    .toBe(await page().ranked().nth(1).getAttribute('data-matrix-row'));
  await expect.poll(() => page().ranked().nth(1).getAttribute('aria-selected')).toBe('true');
});

test('F7 and its buttons walk the notable matrices in the order of the table', async () => {
  await page().question('where');
  const names = await page()
    .ranked()
    .evaluateAll((rows) => rows.slice(0, 3).map((row) => row.getAttribute('data-matrix-row')));
  await page().ranked().first().click();
  const selected = async (): Promise<string> => (await page().selected()).matrix;
  await expect.poll(selected).toBe(names[0]);
  const said = page().document.locator('[data-notable]');
  await expect.poll(() => said.innerText()).toMatch(/^Notable 1 of \d+$/);
  await page().heatmap().focus();
  await press('F7');
  await expect.poll(selected).toBe(names[1]);
  await page().action('next-notable').click();
  await expect.poll(selected).toBe(names[2]);
  await press('Shift+F7');
  await expect.poll(selected).toBe(names[1]);
  await page().action('previous-notable').click();
  await expect.poll(() => said.innerText()).toMatch(/^Notable 1 of/);
});

test('"Where does it point?" has two maps with one cursor, and the detail says what the map says', async () => {
  const grid = page().heatmap();
  const spoken = (await grid.locator('[role="gridcell"]').textContent()) ?? '';
  expect(spoken).toMatch(/Which weights changed [\d.]+.*; Where the update points [\d.]+/);
  const { matrix } = await page().selected();
  const figures = golden.get(matrix);
  const times = (figures?.['jointEnergy'] ?? NaN) / (figures?.['jointEnergyBaseline'] ?? NaN);
  const factor = await page().document.locator('[data-section="noise"] [data-factor]').first().innerText();
  // two digits
  expect(Math.abs(Number(/[\d.]+/.exec(factor)?.[0]) / times - 1)).toBeLessThan(0.05);
  await page().question('size');
});

test('the detail is made wider and narrower with the keys, within its limits, and keeps its width', async () => {
  const split = page().document.locator('.split');
  const width = (): Promise<number> =>
    page()
      .document.locator('.beside')
      .evaluate((element) => Math.round(element.getBoundingClientRect().width));
  await split.dblclick();
  await expect.poll(width).not.toBe(344);
  const before = await width();
  await split.focus();
  await press('ArrowLeft');
  await expect.poll(width).toBe(before + 24);
  for (let i = 0; i < 10; i++) await press('ArrowRight');
  await expect.poll(width).toBe(320);
  await press('ArrowLeft');
  await expect.poll(width).toBe(344);
  await workbench().reload();
  await page().phase('done');
  await expect.poll(width).toBe(344);
  await split.dblclick();
  await expect.poll(width).toBe(before);
});

test('"Experts by Size" brings the experts that moved farthest to the front of their columns, and back', async () => {
  await workbench().selectAsBase('experts-before', 'model.safetensors');
  const after = await workbench().reveal('experts-after', 'model.safetensors');
  await workbench().chooseFromMenu(after, 'Compare with Base');
  await workbench()
    .tab(/experts-before → experts-after/)
    .waitFor();
  await page().complete(EXPERTS);
  await turn(page().document.locator('.heatmap-toggle').first(), true);
  const bySize = page().action('experts-by-size');
  await bySize.waitFor();
  /** Numbers of the first three columns, as the keys walk over them. */
  const first = async (): Promise<number[]> => {
    await page().heatmap().focus();
    const experts: number[] = [];
    for (const key of ['Home', 'ArrowRight', 'ArrowRight']) {
      await press(key);
      experts.push(Number((await page().selected()).cell.split(' ').at(-1)));
    }
    return experts;
  };
  await turn(bySize, false);
  await expect.poll(first).toEqual([0, 1, 2]);
  await turn(bySize, true);
  await expect.poll(async () => (await first()).slice(0, 2)).toEqual([5, 40]);
  await turn(bySize, false);
  await expect.poll(first).toEqual([0, 1, 2]);
  await workbench().screenshot('experts in columns');
  await workbench().runCommand('View: Close Editor');
  await page().complete(42);
});

/** CSS pixels of the page; 720 by 450 is 1440 by 900 at 200 %. */
const SIZES = [
  [1440, 900, 0.6],
  [1000, 700, 0.6],
  [700, 900, 0.6],
  [720, 450, 0.77],
] as const;
test.each(SIZES)(
  'in a page of %d by %d nothing overflows, is cut or overprinted, and the map has its share',
  async (width, height, share) => {
    await sized(workbench(), width, height);
    for (const tab of ['size', 'where', 'spectrum'] as const) {
      await page().question(tab);
      await expect.poll(() => layoutOf(workbench())).toMatchObject({ overflow: 0, cut: [], overprinted: [] });
      await expect.poll(async () => (await layoutOf(workbench())).mapShare).toBeGreaterThan(share - 0.005);
      await workbench().screenshot(`map ${tab} ${width} by ${height}`);
    }
    await page().question('size');
  },
);
