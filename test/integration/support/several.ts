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
    const start = this.action('start');
    if (await start.isVisible()) await start.click();
    await this.document.locator(at('done')).waitFor({ timeout });
  }

  action(name: string): Locator {
    return this.document.locator(`[data-action="${name}"]`);
  }

  /** Names of the runs, in their order. */
  runs(): Promise<string[]> {
    return this.document.locator('[data-run] b').allInnerTexts();
  }
  /** Waits until the page shows so many steps. */
  async steps(count: number, timeout = 240_000): Promise<void> {
    await this.document.locator('.chip', { hasText: count === 1 ? '1 step' : `${count} steps` }).waitFor({ timeout });
  }
}
