/** The (i) at a term: its sentence, its picture, its definition; by the keyboard and by the pointer. */
import { expect, test } from 'vitest';
import { TERM_IDS } from '../../webview/shared/glossary.ts';
import { expectAccessible } from './support/axe.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench } = session();
const popup = '.term-popup:popover-open';

test('Enter on the (i) opens its pop-up, Escape closes it, and the focus is back where it was', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(workbench());
  await page.open('model.layers.3.self_attn.v_proj.weight');
  await page.computeSpectrum();
  const info = page.document.locator('[data-metrics] [data-term="stableRank"]');
  await info.focus();
  await workbench().page.keyboard.press('Enter');
  const dialog = page.document.getByRole('dialog', { name: 'Stable rank' });
  await dialog.waitFor();
  await expect.poll(() => dialog.innerText()).toContain('How many directions carry the matrix');
  await expect.poll(() => dialog.locator('svg').count()).toBe(1);
  await expect.poll(() => dialog.locator('button').evaluate((button) => button === document.activeElement)).toBe(true);
  await expectAccessible(workbench(), 'an open term');
  await workbench().page.keyboard.press('Escape');
  await expect.poll(() => page.document.locator(popup).count()).toBe(0);
  await expect.poll(() => info.evaluate((button) => button === document.activeElement)).toBe(true);
});

test('one is open at a time, and a click elsewhere closes it', async () => {
  const page = new InspectorPage(workbench());
  const open = page.document.locator(popup);
  await page.document.locator('[data-metrics] [data-term="stableRank"]').click();
  await page.document.locator('[data-metrics] [data-term="powerLaw"]').first().click();
  await expect.poll(() => open.getAttribute('aria-label')).toBe('Power-law fit');
  await expect.poll(() => open.count()).toBe(1);
  await page.document.locator('[data-metrics] [data-term="powerLaw"]').first().click();
  await expect.poll(() => open.count()).toBe(0);
  await page.document.locator('[data-metrics] [data-term="stableRank"]').click();
  await page.document.locator('.detail-head h2').click();
  await expect.poll(() => open.count()).toBe(0);
});

test('every term has its picture, and none is cut off or leaves the window', async () => {
  const page = new InspectorPage(workbench());
  const faults = await page.document.locator('body').evaluate(async (body, ids) => {
    const found: string[] = [];
    for (const id of ids) {
      const term = document.createElement('ox-term');
      term.setAttribute('term', id);
      term.className = 'probe';
      body.append(term);
      await (term as unknown as { updateComplete: Promise<unknown> }).updateComplete;
      term.querySelector('button')?.click();
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const box = term.querySelector('.term-popup:popover-open')?.getBoundingClientRect();
      const svg = term.querySelector('.term-popup svg');
      if (!box || !svg?.childElementCount) found.push(`${id}: nothing is open`);
      else {
        const frame = svg.getBoundingClientRect();
        if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight)
          found.push(`${id}: outside the window`);
        for (const mark of svg.querySelectorAll('*')) {
          const { left, right, top, bottom } = mark.getBoundingClientRect();
          if (left < frame.left - 2 || right > frame.right + 2 || top < frame.top - 2 || bottom > frame.bottom + 4)
            found.push(`${id}: ${mark.textContent || mark.outerHTML} at ${left - frame.left}..${right - frame.left}`);
        }
      }
      term.remove();
    }
    return found;
  }, TERM_IDS);
  expect(faults).toEqual([]);
});

test('the definition opens in METRICS.md', async () => {
  const page = new InspectorPage(workbench());
  await page.document.locator('[data-metrics] [data-term="stableRank"]').click();
  await page.document.locator(`${popup} [data-action="definition"]`).click();
  await workbench().tab('Preview METRICS.md').waitFor();
});
