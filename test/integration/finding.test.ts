import { expect, test } from 'vitest';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const { workbench } = session();
const inspector = (): InspectorPage => new InspectorPage(workbench());
const found = (page: InspectorPage): Promise<string | null> =>
  page.document.locator('[data-found]').getAttribute('data-found');
const focused = (page: InspectorPage): Promise<string> =>
  page.document.locator('body').evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute('data-action') ?? element?.getAttribute('role') ?? element?.className ?? '';
  });

test('names are found by words, glob and regular expression; a wrong one says so where it is typed', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = inspector();
  await page.document.locator('main[data-view="tensors"]').waitFor();
  const filter = page.action('filter');
  await turn(page.action('regex'), false);
  await filter.fill('layers.?.self_attn.q*,layers.?.self_attn.k*');
  await expect.poll(() => found(page)).toBe('12');
  await turn(page.action('regex'), true);
  await filter.fill('layers\\.[0-2]\\..*(up|down)_proj');
  await expect.poll(() => found(page)).toBe('6');
  await filter.fill('layers\\.(');
  await page.document.locator('#error-text').waitFor();
  await expect.poll(() => page.document.locator('#error-text').innerText()).toContain('not closed');
  await expect.poll(() => filter.getAttribute('aria-invalid')).toBe('true');
  // a pattern that a backtracking engine would not finish
  await filter.fill('(([a-z_.]+)+)+[0-9]!');
  await expect.poll(() => found(page)).toBe('0');
  await page.document.locator('[data-state="no-match"]').waitFor();
  await page.action('clear-filter').click();
  await expect.poll(() => found(page)).toBe('57');
});

test('filters by role, layers and shape stand as chips, which go one by one', async () => {
  const page = inspector();
  await turn(page.action('filters'), true);
  if (await page.action('clear-all').isVisible()) await page.action('clear-all').click();
  await page.action('add-roles').selectOption('block');
  await page.action('filter-layers').fill('0-1');
  await page.action('filter-shape').fill('352x*');
  await expect.poll(() => found(page)).toBe('4');
  const chips = page.document.locator('[data-chip]');
  await expect.poll(() => chips.count()).toBe(3);
  await page.action('filter-shape').fill('352xx');
  await page.document.locator('#error-shape').waitFor();
  await page.document.locator('[data-chip="shape"]').click();
  await expect.poll(() => found(page)).toBe('14');
  await page.action('add-modules').selectOption('input_layernorm');
  const empty = page.document.locator('[data-state="no-match"]');
  await empty.waitFor();
  // the empty state says what each part costs
  await empty.getByText('Role: Block').click();
  await expect.poll(() => found(page)).toBe('2');
  await page.action('clear-all').click();
  await expect.poll(() => found(page)).toBe('57');
  await expect.poll(() => chips.count()).toBe(0);
});

test('sorted by a figure, what is not computed stands last and is offered; outliers have their z', async () => {
  const page = inspector();
  await page.action('metric').selectOption('effectiveRank');
  await page.document.locator('[data-column="figure"]').click();
  const wanting = page.document.locator('[data-state="wanting"]');
  await wanting.waitFor();
  await expect.poll(() => wanting.innerText()).toContain('of 42 tensors');
  await expect.poll(() => page.document.locator('[data-figure]').count()).toBe(0);
  await page.action('analyze-wanting').click();
  // nothing moves when the last value comes
  const list = page.document.locator('[role="treegrid"]');
  const before = await list.boundingBox();
  await wanting.waitFor({ state: 'detached', timeout: 60_000 });
  await page.document.locator('[data-state="known"]').waitFor();
  expect(await list.boundingBox()).toEqual(before);
  const shown = page.document.locator('[data-figure]');
  const values = (
    await shown.evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute('data-figure'))))
  ).slice(0, 15);
  expect(values.length).toBe(15);
  expect(values).toEqual([...values].sort((a, b) => b - a));

  await page.action('outliers').click();
  await page.document.locator('[data-rule]').waitFor();
  await expect.poll(() => page.document.locator('[data-rule]').innerText()).toContain('42 values judged');
  let zs: number[] = [];
  // the figures have outliers or not: the next one, until some have
  const next = async (): Promise<number> => {
    zs = await page.document
      .locator('[data-z]')
      .evaluateAll((cells) => cells.map((cell) => Math.abs(Number(cell.getAttribute('data-z')))));
    if (zs.length) return zs.length;
    await page.document.locator('[role="treegrid"]').focus();
    await workbench().page.keyboard.press(']');
    return 0;
  };
  await expect.poll(next, { interval: 500 }).toBeGreaterThan(0);
  // the three that stand farthest apart, and the way to the others
  expect(zs.length).toBeLessThanOrEqual(3);
  const all = Number(await found(page));
  const more = page.action('more-outliers');
  await expect.poll(() => more.count()).toBe(all > 3 ? 1 : 0);
  if (all > 3) {
    await expect.poll(() => more.innerText()).toBe(`${all - 3} more`);
    await more.click();
    await expect.poll(() => page.document.locator('[data-z]').count()).toBeGreaterThan(3);
  }
  expect(Math.min(...zs)).toBeGreaterThanOrEqual(3.5);
  expect(zs).toEqual([...zs].sort((a, b) => b - a));
  await page.document.locator('[data-chip="outliers"]').click();
  await expect.poll(() => found(page)).toBe('57');
});

test('grouped by module, and the breadcrumb leads to layer, module and tensor', async () => {
  const page = inspector();
  await page.action('group-by').selectOption('module');
  const group = page.document.locator('[data-group="self_attn.q_proj"]');
  await group.waitFor();
  await expect.poll(() => group.innerText()).toContain('6 tensors');
  const name = 'model.layers.2.mlp.up_proj.weight';
  await page.open(name);
  await page.document.locator('[data-crumb="module"]').click();
  await expect.poll(() => found(page)).toBe('6');
  await page.document.locator('[data-crumb="layer"]').click();
  await expect.poll(() => found(page)).toBe('57');
  const active = page.document.locator('.trow.sel');
  await expect.poll(() => active.getAttribute('data-group')).toBe('Layer 2');
  await page.document.locator('[data-crumb="tensor"]').click();
  await expect.poll(() => active.getAttribute('data-tensor')).toBe(name);
});

test('"Go to Tensor..." by its key finds a tensor from words and opens it', async () => {
  const page = inspector();
  const { keyboard } = workbench().page;
  await page.action('filter').fill('q_proj');
  const open = async (): Promise<void> => {
    await page.document.locator('[role="treegrid"]').focus();
    await keyboard.press('Control+Shift+O');
  };
  await workbench().choose(open, {
    placeholder: /of 57 tensors/,
    type: '4 v_pr',
    row: workbench()
      .page.locator('.quick-input-list .monaco-list-row')
      .first()
      .filter({ hasText: 'layers.4.self_attn.v_proj' }),
  });
  await page.detail('model.layers.4.self_attn.v_proj.weight').waitFor();
  await page.document.locator('[data-tensor="model.layers.4.self_attn.v_proj.weight"]').waitFor();
});

test('a tab that goes to the back, moves to another group, or is reloaded comes back as it was', async () => {
  const page = inspector();
  await page
    .action('filters')
    .click()
    .catch(() => undefined);
  await page.action('filter').fill('proj');
  await page.action('group-by').selectOption('module');
  await page.document.locator('[data-group="self_attn.q_proj"]').click();
  await page.open('model.layers.3.mlp.down_proj.weight');
  await page.action('filter').fill('_proj');
  await page.document.locator('[role="treegrid"]').evaluate((body) => (body.scrollTop = 220));
  await page.action('group-by').waitFor();
  const state = async (): Promise<unknown> => {
    const now = inspector();
    await now.document.locator('[data-tensor]').first().waitFor();
    return {
      filter: await now.action('filter').inputValue(),
      found: await found(now),
      grouping: await now.action('group-by').inputValue(),
      selected: await now.document.locator('[data-detail]').getAttribute('data-detail'),
      scroll: await now.document.locator('[role="treegrid"]').evaluate((body) => Math.round(body.scrollTop / 22)),
    };
  };
  await expect.poll(state).toMatchObject({ filter: '_proj', grouping: 'module', found: '42' });
  // the page keeps what it shows 200 ms after the last change
  await workbench().page.waitForTimeout(1500);
  const before = await state();
  await workbench().openFromExplorer('rl', 'model.safetensors');
  await expect.poll(() => workbench().tab('model.safetensors').count()).toBe(2);
  await workbench().tab('model.safetensors').first().click();
  await expect.poll(state).toEqual(before);
  await workbench().runCommand('View: Close Other Editors in Group');
  await expect.poll(() => workbench().tab('model.safetensors').count()).toBe(1);
  await expect.poll(state).toEqual(before);
  await workbench().runCommand('View: Move Editor into Next Group');
  await expect.poll(state).toEqual(before);
  await workbench().reload();
  await expect.poll(state).toEqual(before);
});

test('F6 goes between list and detail, "/" to the filter, and the focus never leaves the page', async () => {
  const page = inspector();
  const { keyboard } = workbench().page;
  await page.document.locator('[role="treegrid"]').focus();
  await keyboard.press('F6');
  await expect.poll(() => focused(page)).toContain('detail-head');
  await keyboard.press('F6');
  await expect.poll(() => focused(page)).toBe('treegrid');
  await keyboard.press('/');
  await expect.poll(() => focused(page)).toBe('filter');
});
