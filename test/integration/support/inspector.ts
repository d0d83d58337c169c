/** The inspector as its reader meets it. */
import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

export class InspectorPage {
  readonly document: FrameLocator;

  /** `which`: as of `Workbench.view`. */
  constructor(workbench: Workbench, which: 'first' | 'last' = 'first') {
    this.document = workbench.view(which);
  }

  action(name: string): Locator {
    return this.document.locator(`[data-action="${name}"]`);
  }

  /** A figure of the bar at the top, or of the detail's lists. */
  async fact(name: string): Promise<string> {
    const found = this.document.locator('dl > div', { has: this.document.getByText(name, { exact: true }) }).first();
    await found.waitFor({ state: 'attached' });
    // behind "More"
    return (await found.locator('dd').textContent())?.trim() ?? '';
  }
  /** All facts of the bar at the top, those that have no room in it too. */
  async allFacts(): Promise<void> {
    const more = this.action('more-facts');
    await more.waitFor({ state: 'attached' });
    if ((await more.isVisible()) && (await more.getAttribute('aria-expanded')) === 'false') await more.click();
  }
  /** The list beside values or a picture, which take the page. */
  async unfold(): Promise<void> {
    const strip = this.action('unfold');
    if (await strip.isVisible()) await strip.click();
  }

  /** Unless it stands there already. */
  async computeSpectrum(): Promise<void> {
    const compute = this.action('compute-spectrum');
    const figures = this.document.locator('[data-metrics]');
    await compute.or(figures).first().waitFor();
    if (await compute.isVisible()) await compute.click();
    await figures.waitFor();
  }

  problems(): Locator {
    return this.document.locator('[data-problems]');
  }

  tensor(name: string): Locator {
    return this.document.locator(`[data-tensor="${name}"]`);
  }

  /** Finds the tensor through the filter, as its row may be far down, and opens it. */
  async open(name: string): Promise<void> {
    await this.unfold();
    await this.action('filter').fill(name);
    await this.tensor(name).click();
    await this.detail(name).waitFor();
  }

  detail(name: string): Locator {
    return this.document.locator(`[data-detail="${name}"]`);
  }

  metric(name: string): Promise<string> {
    const metrics = this.document.locator('[data-metrics] > div');
    return metrics
      .filter({ has: this.document.getByText(name, { exact: true }) })
      .locator('dd')
      .innerText();
  }
}
