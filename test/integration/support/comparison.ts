/** The comparison panel as its reader meets it. */
import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

export type Phase = 'planning' | 'planned' | 'running' | 'cancelled' | 'done' | 'failed';

export class ComparisonPage {
  readonly document: FrameLocator;

  constructor(private readonly workbench: Workbench) {
    this.document = workbench.view();
  }

  async phase(wanted: Phase, timeout = 60_000): Promise<void> {
    await this.document.locator(`body[data-phase="${wanted}"]`).waitFor({ timeout });
  }

  action(name: string): Locator {
    return this.document.locator(`[data-action="${name}"]`);
  }

  /** Presses Start if the page waits for it, then waits until every matrix is done. */
  async complete(matrices: number, timeout = 60_000): Promise<void> {
    await this.document
      .locator('body[data-phase="planned"], body[data-phase="running"], body[data-phase="done"]')
      .waitFor();
    if (await this.action('start').isVisible()) await this.action('start').click();
    await this.phase('done', timeout);
    await this.document.locator('[data-counted]', { hasText: `${matrices} of ${matrices} matrices` }).waitFor();
  }

  async counted(): Promise<string> {
    return (await this.document.locator('[data-counted]').innerText()).trim();
  }

  card(id: 'alignment' | 'unchanged' | 'nss' | 'angles'): Locator {
    return this.document.locator(`[data-card="${id}"]`);
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

  /** A point of the first map, as fractions of the canvas that holds both. */
  async point(x: number, y: number): Promise<{ x: number; y: number }> {
    const box = await this.document.locator('canvas.heatmap-body').boundingBox();
    if (!box) throw new Error('the heatmap is not on the page');
    return { x: box.x + x * box.width, y: box.y + y * box.height };
  }

  async hover(x: number, y: number): Promise<void> {
    const point = await this.point(x, y);
    await this.workbench.page.mouse.move(point.x, point.y);
    await this.hoverCard().waitFor();
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
