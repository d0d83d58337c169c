/** The page of a comparison in a plain browser, in the windows of its design: the map's share of the height, and nothing cut off. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_PARAMETERS, type ComparisonSummary } from '../../../src/protocol/results.ts';
import type { ComparisonToView } from '../../../src/protocol/views.ts';
import { fixture } from '../answer/cases.ts';
import { comparisonState, stateMessages } from '../makers.ts';
import { framesOf, PlainPages } from './plainPage.ts';

let pages: PlainPages;
beforeAll(async () => {
  pages = await PlainPages.of('comparison');
});
afterAll(() => pages.close());

function messagesOf(name: string): ComparisonToView[] {
  const { plan, tensors, summary } = fixture(name);
  const twin = [...tensors.values()].some(({ metrics }) => metrics.twin);
  const state = comparisonState(
    { ...comparisonState(null).plan, ...plan } as NonNullable<ReturnType<typeof comparisonState>['plan']>,
    {
      ...{
        baseName: 'llama-24/base',
        tunedName: 'llama-24/tuned',
        phase: 'done',
        summary: summary as ComparisonSummary,
      },
      ...{ parameters: { ...DEFAULT_PARAMETERS, twin } },
    },
  );
  return [...stateMessages(state), { type: 'results', tensors: [...tensors.values()], details: [], failed: [] }];
}
async function opened(name: string, width: number, height: number): Promise<{ page: Page; errors: string[] }> {
  const { page, errors } = await pages.open(messagesOf(name), { width, height });
  await page.locator('[data-key-value], .keyfig').first().waitFor();
  await framesOf(page);
  return { page, errors };
}

const WINDOWS = [
  [1440, 900, 0.6],
  [1000, 700, 0.6],
  [700, 900, 0.5],
  // 200 %
  [720, 450, 0.77],
] as const;
const CASES = ['llama24', 'moe', 'lora', 'unrelated'];

test.each(CASES.flatMap((name) => WINDOWS.map(([width, height, share]) => [name, width, height, share] as const)))(
  '%s at %i x %i: the map has its share of %d, and nothing is cut off',
  { timeout: 600_000 },
  async (name, width, height, share) => {
    const { page, errors } = await opened(name, width, height);
    const seen = await page.evaluate(() => {
      const root = document.documentElement;
      const cut = [
        ...document.querySelectorAll<HTMLElement>('.tab, .kn, .kr, .kv, .title .side, .facts > span, .fact'),
      ];
      return {
        map: document.querySelector('ox-map > *')?.getBoundingClientRect().height ?? 0,
        sideways: root.scrollWidth - root.clientWidth,
        cut: cut
          .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
          .map((one) => one.innerText),
        // of what scrolls nowhere, what reaches below a window that does not scroll
        below: [...document.querySelectorAll<HTMLElement>('body *')].filter(
          (one) =>
            root.scrollHeight <= root.clientHeight &&
            one.getBoundingClientRect().bottom > root.clientHeight &&
            !one.closest('.pane > *, .left > *'),
        ).length,
        words: [...document.querySelectorAll<HTMLElement>('.lbl')].filter((one) => one.offsetWidth > 1).length,
      };
    });
    await page.close();
    expect(errors).toEqual([]);
    expect(seen.sideways).toBeLessThanOrEqual(0);
    expect(seen.cut).toEqual([]);
    expect(seen.below).toBe(0);
    expect(seen.map / height).toBeGreaterThanOrEqual(share);
    // labels of buttons leave a narrow page
    expect(seen.words > 0).toBe(width > 800);
  },
);

test(
  'a pressed clause opens its question and its figure, and Escape shows everything again',
  { timeout: 600_000 },
  async () => {
    const { page } = await opened('llama24', 1440, 900);
    const tab = page.locator('[role="tab"][aria-selected="true"]');
    const clause = page.locator('[data-clause="spectrum-further"]');
    await clause.press('Enter');
    await expect.poll(() => tab.getAttribute('data-tab')).toBe('spectrum');
    expect(await page.getByLabel('Figure', { exact: true }).inputValue()).toBe('nssOverNoise');
    expect(await clause.getAttribute('aria-pressed')).toBe('true');
    expect(await page.locator('[data-matrix]').getAttribute('data-matrix')).toMatch(/layers\.6\..*v_proj/);
    await page.keyboard.press('Escape');
    await expect.poll(() => clause.getAttribute('aria-pressed')).toBe('false');
    expect(await tab.getAttribute('data-tab')).toBe('spectrum');
    await page.close();
  },
);

test(
  'in a short window the answer has three lines, and the rest of it a button away',
  { timeout: 600_000 },
  async () => {
    const { page } = await opened('llama24', 1440, 700);
    const lines = (): Promise<number> =>
      page
        .locator('.answer p')
        .evaluate((text) => text.getBoundingClientRect().height / parseFloat(getComputedStyle(text).lineHeight));
    expect(await lines()).toBeLessThanOrEqual(3.01);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await expect.poll(lines).toBeGreaterThan(3.5);
    await page.close();
  },
);
