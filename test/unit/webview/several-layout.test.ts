/** The page of several checkpoints in a plain browser: nothing is cut off in the windows of its design, and what a press does. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeveralToView } from '../../../src/protocol/severalViews.ts';
import { framesOf, PlainPages } from './plainPage.ts';
import { changed, many, mixed, runsMessages, stepsMessages } from './severalPages.ts';

let pages: PlainPages;
const cases: Record<string, SeveralToView[]> = {};
beforeAll(async () => {
  cases['runs'] = await runsMessages();
  cases['steps'] = await stepsMessages();
  cases['many'] = many(cases['runs'], 16);
  pages = await PlainPages.of('several');
});
afterAll(() => pages.close());
const of = (name: string): SeveralToView[] => cases[name] ?? [];

const open = (messages: readonly SeveralToView[], width = 1440, height = 900): ReturnType<PlainPages['open']> =>
  pages.open(messages, { width, height });
async function tab(page: Page, id: string): Promise<void> {
  await page.locator(`[data-tab="${id}"]`).click();
  await expect.poll(() => page.locator(`[data-tab="${id}"]`).getAttribute('aria-selected')).toBe('true');
  await framesOf(page);
}
/** What is cut, lies over each other, or makes the page wider than its window; and the height that maps have. */
const layoutOf = (page: Page): Promise<{ sideways: number; cut: string[]; overprinted: string[]; maps: number }> =>
  page.evaluate(() => {
    const root = document.documentElement;
    const isShown = (element: Element): boolean => element.getBoundingClientRect().width > 1;
    const whole = '.tab, .kn, .kr, .sign, .ramp, .clause, .line-name, .members th, .members td, .plan h2, .agree h2';
    const cut = [...document.querySelectorAll<HTMLElement>(whole)].filter(
      (one) => isShown(one) && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1,
    );
    const overprinted = [...document.querySelectorAll('svg')].flatMap((drawing) => {
      const texts = [...drawing.querySelectorAll('text')].filter(isShown);
      const boxes = texts.map((text) => text.getBoundingClientRect());
      return boxes.flatMap((a, i) =>
        boxes.flatMap((b, k) =>
          k > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3
            ? [`${texts[i]?.textContent} / ${texts[k]?.textContent}`]
            : [],
        ),
      );
    });
    return {
      sideways: root.scrollWidth - root.clientWidth,
      cut: cut.map((one) => one.innerText),
      overprinted,
      maps: document.querySelector('.maps, .agree-right .map')?.getBoundingClientRect().height ?? 0,
    };
  });

const WINDOWS = [
  [1440, 900],
  [1000, 700],
  [700, 900],
  // 200 %
  [720, 450],
] as const;
test.each(['runs', 'many', 'steps'])(
  '%s: every question has its room in every window, and nothing is cut off',
  async (name) => {
    const [[width, height], ...rest] = WINDOWS;
    const { page, errors } = await open(of(name), width, height);
    for (const window of [{ width, height }, ...rest.map(([width, height]) => ({ width, height }))]) {
      await page.setViewportSize(window);
      await framesOf(page);
      for (const id of ['size', 'where', 'spectrum', name === 'steps' ? 'path' : 'agree']) {
        await tab(page, id);
        const at = `${id} at ${window.width} x ${window.height}`;
        // what the page lays out anew for a window is there some frames later
        await expect
          .poll(async () => ({ at, ...(await layoutOf(page)), maps: 0 }))
          .toEqual({ at, sideways: 0, cut: [], overprinted: [], maps: 0 });
        // the maps of a question have 60 % of the height, those beside pairs and paths half of it
        await expect
          .poll(async () => (await layoutOf(page)).maps / window.height, { message: at })
          .toBeGreaterThanOrEqual(id === 'path' || id === 'agree' ? 0.5 : 0.59);
      }
    }
    expect(errors).toEqual([]);
    await page.close();
  },
);

test('screen readers and keyboards find their way', async () => {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const [name, last] of [
    ['runs', 'agree'],
    ['steps', 'path'],
  ] as const) {
    const { page } = await open(of(name));
    await page.evaluate(source);
    for (const id of ['size', last]) {
      await tab(page, id);
      const broken = await page.evaluate(async () => {
        const { axe: runner } = window as unknown as { axe: typeof axe };
        // colours are those of the theme, which is not here
        const rules = { 'color-contrast': { enabled: false } };
        const { violations } = await runner.run(document, { resultTypes: ['violations'], rules });
        return violations.map(
          ({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
        );
      });
      expect(broken, `${name} ${id}`).toEqual([]);
    }
    await page.close();
  }
});

test('a clause opens its question and its pair; a cell of a matrix chooses pair and figure; arrows walk the cells', async () => {
  const { page } = await open(of('runs'));
  await page.locator('[data-clause="same-way"]').press('Enter');
  await expect.poll(() => page.locator('[data-tab="agree"]').getAttribute('aria-selected')).toBe('true');
  expect(await page.locator('[data-chosen]').getAttribute('data-chosen')).toBe('0,1');
  const signs = page.locator('[data-similarity="signAgreement"]');
  await signs.locator('[data-pair="1,2"]').first().click();
  await expect.poll(() => page.locator('[data-chosen]').getAttribute('data-chosen')).toBe('1,2');
  expect(await page.getByLabel('Figure of the pair').inputValue()).toBe('signAgreement');
  await page.keyboard.press('ArrowUp');
  expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['pair'])).toBe('0,2');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('[data-chosen]').getAttribute('data-chosen')).toBe('0,2');
  // each figure beside its chance
  expect(await signs.locator('[data-pair="0,1"]').first().innerText()).toMatch(/95\.1.*\n?chance 50/);
  await page.close();
});

test('what is wrong with the files is counted under the title, and named below the table', async () => {
  const problem = {
    severity: 'warning',
    code: 'unindexed-tensor',
    message: 'rl: no index names it',
    file: '/a',
  } as const;
  const note = { severity: 'info', code: 'pairing-prefix', message: 'names begin otherwise' } as const;
  const messages = of('runs').map((message) =>
    message.type === 'plan' ? { ...message, plan: { ...message.plan, problems: [problem, note] } } : message,
  );
  const { page, errors } = await open(messages);
  const line = page.locator('[data-fact="problems"]');
  expect(await line.innerText()).toContain('rl: no index names it');
  await line.click();
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('problems');
  expect(await page.locator('#problems li').allInnerTexts()).toHaveLength(2);
  const { sideways, cut } = await layoutOf(page);
  expect([errors, sideways, cut]).toEqual([[], 0, []]);
  await page.close();
});

test('a pressed clause is pressed no more once the runs are others', async () => {
  const { page } = await open(of('runs'));
  const pressed = page.locator('[data-clause][aria-pressed="true"]');
  await page.locator('[data-clause="same-way"]').press('Enter');
  await expect.poll(() => pressed.count()).toBe(1);
  await page.evaluate((all) => all.forEach((each) => window.postMessage(each, '*')), of('runs'));
  await expect.poll(() => pressed.count()).toBe(0);
  await page.close();
});

test('a mixture of experts unfolds into a column an expert in every map; a cell chooses its matrix', async () => {
  const { page, errors } = await open(mixed(of('runs')));
  await tab(page, 'size');
  const toggle = page.locator('.heatmap-toggle').first();
  expect(await page.locator('.heatmap-toggle').count()).toBe(3);
  expect(await toggle.getAttribute('aria-expanded')).toBe('false');
  await toggle.click();
  await expect.poll(() => toggle.getAttribute('aria-expanded')).toBe('true');
  const matrix = page.locator('[data-matrix]');
  const grid = page.locator('.heatmap').first();
  await grid.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('End');
  // the last one is down
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => matrix.getAttribute('data-matrix')).toMatch(/experts\.3\.up_proj/);
  expect(await matrix.innerText()).toMatch(/Layer 0, up, expert 3/);
  await toggle.click();
  await expect.poll(() => toggle.getAttribute('aria-expanded')).toBe('false');
  expect(errors).toEqual([]);
  await page.close();
});

test('a row opens its comparison once, a cell its matrix, a chip leaves its run out', async () => {
  const { page, posted } = await open(of('runs'));
  await page.locator('[data-member="1"] td').first().click();
  await page.locator('[data-member="2"] button').click();
  await page.locator('[data-open="0"]').click();
  await page.locator('[data-run="1"] button').click();
  await page.getByRole('button', { name: '+ Run' }).click();
  const sent = (await posted()).filter(({ type }) => type !== 'ready');
  expect(sent).toEqual([
    { type: 'openPair', from: null, to: 1 },
    { type: 'openPair', from: null, to: 2 },
    { type: 'openPair', from: null, to: 0, tensor: 'model.layers.0.self_attn.q_proj.weight' },
    { type: 'removeRun', run: 1 },
    { type: 'addRun' },
  ]);
  await page.close();
});

test('the slider and its keys move the maps from step to step; a column of the path does too', async () => {
  const { page, posted } = await open(of('steps'));
  const step = page.locator('[data-step]');
  const at = (): Promise<string | null> => step.getAttribute('data-step');
  expect(await at()).toBe('600');
  await page.keyboard.press(',');
  await expect.poll(at).toBe('500');
  await page.getByLabel('Step', { exact: true }).press('Home');
  await expect.poll(at).toBe('100');
  await tab(page, 'size');
  const value = page.locator('[data-open]');
  const first = await value.innerText();
  await page.keyboard.press('.');
  await expect.poll(at).toBe('200');
  await expect.poll(() => value.innerText()).not.toBe(first);
  await page.getByRole('button', { name: 'Follow' }).click();
  expect((await posted()).at(-1)).toEqual({ type: 'follow', on: true });
  await page.close();
});

test('before, under way, cancelled, failed, nothing, new steps: each state says what can be done', async () => {
  const state = async (messages: readonly SeveralToView[], until: string): Promise<{ buttons: string[] }> => {
    const { page, errors } = await open(messages);
    // while results come the page is drawn now and then
    await page.getByText(until).first().waitFor();
    const seen = await page.evaluate(() => ({
      buttons: [...document.querySelectorAll<HTMLElement>('[data-action]')].map((one) => one.dataset['action'] ?? ''),
    }));
    const { sideways, cut } = await layoutOf(page);
    await page.close();
    expect([errors, sideways, cut]).toEqual([[], 0, []]);
    return seen;
  };
  const nothing = ['results', 'model'] as const;
  expect((await state(changed(of('runs'), { phase: 'planned' }, nothing), 'Ready to compare')).buttons).toContain(
    'start',
  );
  await state(changed(of('runs'), { phase: 'planning' }, [...nothing, 'plan']), 'Reading the headers');
  const progress = { done: 12, total: 96, secondsLeft: null };
  const begun = [...changed(of('runs'), { phase: 'running' }, nothing), { type: 'progress', progress } as const];
  expect((await state(begun, '12 of 96 tensors so far')).buttons).toContain('cancel');
  const cancelled = changed(of('runs'), { phase: 'cancelled' }, nothing);
  expect((await state(cancelled, 'Cancelled: 0 of 126 matrices')).buttons).toContain('resume');
  const error = { code: 'read-failed', message: 'the disk is gone' } as const;
  const failed = await state(changed(of('runs'), { phase: 'failed', error }), 'the disk is gone');
  expect(failed.buttons).toEqual(expect.arrayContaining(['retry', 'show-log']));
  await state(
    [
      ...of('runs'),
      {
        type: 'results',
        comparisons: [],
        agreement: { kind: 'runs', rows: [] },
        failed: [{ run: 1, name: 'model.layers.0.mlp.up_proj.weight', error }],
      },
    ],
    'rl-hot, model.layers.0.mlp.up_proj.weight: the disk is gone',
  );
  const empty = of('runs').map((message) =>
    message.type === 'plan' ? { ...message, plan: { ...message.plan, tensors: [] } } : message,
  );
  await state(empty, 'No matrix of the base has a partner');
  const fresh = [
    { step: 700, path: '/steps/step-700', waiting: null },
    { step: 800, path: '/steps/step-800', waiting: 'it is still being written' },
  ];
  const grown = changed(of('steps'), { follow: { folder: '/steps', on: false, fresh } });
  expect((await state(grown, 'Step 800: it is still being written')).buttons).toContain('include');
});
