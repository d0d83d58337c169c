/** The panel of several checkpoints of one base, as its reader meets it. */
import type { FrameLocator, Locator } from 'playwright-core';
import type { Phase } from './comparison.ts';
import type { Workbench } from './workbench.ts';

export class SeveralPage {
  readonly document: FrameLocator;

  constructor(workbench: Workbench) {
    this.document = workbench.view();
  }

  /** Presses Start if the page waits for it, then waits until all is computed. */
  async complete(timeout = 240_000): Promise<void> {
    const at = (phase: Phase): string => `body[data-phase="${phase}"]`;
    await this.document.locator([at('planned'), at('running'), at('done')].join(', ')).waitFor({ timeout });
    const start = this.button('Start');
    if (await start.isVisible()) await start.click();
    await this.document.locator(at('done')).waitFor({ timeout });
  }

  button(name: string): Locator {
    return this.document.getByRole('button', { name, exact: true }).first();
  }

  /** Names of the runs or steps, in their order. */
  async runs(): Promise<string[]> {
    const marked = this.document.locator('[data-run]');
    const names = new Map<number, string>();
    for (const one of await marked.all()) {
      const run = Number(await one.getAttribute('data-run'));
      if (!names.has(run)) names.set(run, (await one.innerText()).split(/[\t\n]/)[0]?.trim() ?? '');
    }
    return [...names].sort(([a], [b]) => a - b).map(([, name]) => name);
  }
}
