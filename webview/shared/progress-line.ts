/** How far the work is, as a line of two pixels that is always there; and the time that is left. */
import type { TemplateResult } from 'lit';
import { duration } from './format.ts';
import { html } from './html.ts';
import { s } from './svg.ts';

/** Of the line, while nothing is counted yet. */
const SOME = 30;

/** `share`: what is done, 0 to 1. */
export const progressLine = (isBusy: boolean, share: number): TemplateResult =>
  html`<div class="progress ${isBusy ? 'busy' : ''}" data-progress=${share.toFixed(3)} aria-hidden="true">
    ${s(
      'svg',
      { viewBox: '0 0 100 2', preserveAspectRatio: 'none' },
      s('rect', { x: 0, y: 0, width: isBusy ? SOME : 100 * share, height: 2 }),
    )}
  </div>`;

/** "9 s"; null if nothing can be said yet. */
export const timeLeft = (seconds: number | null): string | null =>
  seconds === null || !Number.isFinite(seconds) ? null : duration(seconds);
