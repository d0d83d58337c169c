/** The line between map and detail: dragged, or moved with the arrow keys, it sets the detail's width. */
import type { TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { define, ViewElement } from './view.ts';

/** CSS pixels: the least, at first, and a press of a key; the most is a share of the window. */
const LEAST = 320;
const AT_FIRST = 408;
const STEP = 24;
const MOST = 0.6;

const clamped = (width: number): number =>
  Math.round(Math.max(LEAST, Math.min(MOST * document.documentElement.clientWidth, width)));

class Splitter extends ViewElement {
  private get width(): number {
    return this.view.ui.detailWidth ?? AT_FIRST;
  }
  protected override render(): TemplateResult {
    return html`<div
      class="split"
      role="separator"
      tabindex="0"
      aria-orientation="vertical"
      aria-label=${t('Width of the detail')}
      aria-valuemin=${LEAST}
      aria-valuemax=${clamped(Infinity)}
      aria-valuenow=${clamped(this.width)}
      title=${t('Drag to resize; double-click for the first width')}
      @pointerdown=${(event: PointerEvent) => (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)}
      @pointermove=${(event: PointerEvent) => {
        const line = event.currentTarget as HTMLElement;
        if (line.hasPointerCapture(event.pointerId)) this.resize(document.documentElement.clientWidth - event.clientX);
      }}
      @dblclick=${() => this.view.set({ detailWidth: null })}
      @keydown=${(event: KeyboardEvent) => this.key(event)}
    ></div>`;
  }
  protected override updated(): void {
    this.closest('main')?.style.setProperty('--detail', `${clamped(this.width)}px`);
  }
  private key(event: KeyboardEvent): void {
    const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.resize(this.width + by);
  }
  private resize(width: number): void {
    this.view.set({ detailWidth: clamped(width) });
  }
}
define('ox-splitter', Splitter);
