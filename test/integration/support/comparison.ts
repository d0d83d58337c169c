/** The comparison panel as its reader meets it. */
import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

export type Phase = 'planning' | 'planned' | 'running' | 'cancelled' | 'done' | 'failed';

export class ComparisonPage {
  readonly document: FrameLocator;

  constructor(private readonly workbench: Workbench) {
    this.document = workbench.view();
  }

  async phase(wanted: Phase, timeout = 180_000): Promise<void> {
    await this.document.locator(`body[data-phase="${wanted}"]`).waitFor({ timeout });
  }

  action(name: string): Locator {
    return this.document.locator(`[data-action="${name}"]`);
  }

  /** Presses Start if the page waits for it, then waits until every matrix is done. */
  async complete(matrices: number, timeout = 180_000): Promise<void> {
    await this.document
      .locator('body[data-phase="planned"], body[data-phase="running"], body[data-phase="done"]')
      .waitFor();
    if (await this.action('start').isVisible()) await this.action('start').click();
    await this.phase('done', timeout);
    // a narrow page has no room for it
    await this.document
      .locator('[data-counted]', { hasText: `${matrices} of ${matrices} matrices` })
      .waitFor({ state: 'attached' });
  }

  async counted(): Promise<string> {
    return ((await this.document.locator('[data-counted]').textContent()) ?? '').trim();
  }

  /** Opens a question, at its default figure or at another one. */
  async question(tab: 'size' | 'where' | 'spectrum', figure?: string): Promise<void> {
    const chosen = this.document.locator(`[data-tab="${tab}"]`);
    await chosen.click();
    await chosen.and(this.document.locator('[aria-selected="true"]')).waitFor();
    if (figure !== undefined) await this.figure().selectOption(figure);
    // what belongs to it is drawn with it, in the frame after it at the latest: read at once it may be of the question before
    await chosen.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  }
  figure(): Locator {
    return this.document.getByLabel('Figure', { exact: true });
  }
  /** The figure of the question: what is written, with all of its digits, and that of noise. */
  async keyFigure(): Promise<{ text: string; value: number; noise: number }> {
    const shown = this.document.locator('[data-key-value]');
    const number = async (name: string): Promise<number> => Number(await shown.getAttribute(name));
    return { text: await shown.innerText(), value: await number('data-key-value'), noise: await number('data-noise') };
  }
  /** What stands beside it. */
  async keyRow(): Promise<string> {
    return this.document.locator('.keyfig').innerText();
  }
  /** Behind the gear. */
  async openParameters(): Promise<void> {
    if (!(await this.document.locator('#parameter-alpha').isVisible())) await this.action('parameters').click();
  }
  /** In a narrow window the detail is one line, which opens. */
  async openDetail(): Promise<void> {
    const expand = this.document.locator('.beside > .expand');
    if ((await expand.isVisible()) && (await expand.getAttribute('aria-expanded')) === 'false') await expand.click();
  }
  /** Opens what stands below the map. */
  async openRest(): Promise<void> {
    const rest = this.document.locator('details.rest');
    if ((await rest.getAttribute('open')) === null) await rest.locator('summary').first().click();
  }

  hoverCard(): Locator {
    return this.document.locator('.hover:visible');
  }

  /** The second number of a row of the hover card stands in the third column. */
  async hoverRow(name: string): Promise<{ value: string; beside: string }> {
    const cells = this.hoverCard().locator('tr', { hasText: name }).locator('td');
    return { value: await cells.nth(1).innerText(), beside: await cells.nth(2).innerText() };
  }

  heatmap(): Locator {
    return this.document.getByRole('grid', { name: /^Layers by modules/ });
  }

  /** A section of the detail that is closed at first. */
  async openSection(id: 'numbers' | 'alignment' | 'members'): Promise<Locator> {
    const section = this.document.locator(`details[data-section="${id}"]`);
    if ((await section.getAttribute('open')) === null) await section.locator('summary').click();
    return section;
  }
  /** Rows of the ranked table that are drawn. */
  ranked(): Locator {
    return this.document.locator('.rank tbody tr[data-matrix-row]');
  }

  /** A point of the map, as fractions of the cells in view. */
  async point(x: number, y: number): Promise<{ x: number; y: number }> {
    const box = await this.document.locator('.heatmap-cells').boundingBox();
    if (!box) throw new Error('the heatmap is not on the page');
    return { x: box.x + x * box.width, y: box.y + y * box.height };
  }

  async hover(x: number, y: number): Promise<void> {
    // What is still to be drawn may move the cells away from under the pointer.
    await this.workbench.untilItHolds(async () => {
      const point = await this.point(x, y);
      await this.workbench.page.mouse.move(point.x + 2, point.y);
      await this.workbench.page.mouse.move(point.x, point.y);
      await this.hoverCard().waitFor({ timeout: 10_000 });
    });
  }

  async click(x: number, y: number): Promise<void> {
    const point = await this.point(x, y);
    await this.workbench.page.mouse.click(point.x, point.y);
  }

  /** The selected cell, and the tensor whose detail is shown. */
  async selected(): Promise<{ cell: string; matrix: string }> {
    return {
      cell: (await this.document.locator('.map').getAttribute('data-cell')) ?? '',
      matrix: (await this.document.locator('[data-matrix]').getAttribute('data-matrix')) ?? '',
    };
  }
}
