/**
 * Lists of any length as a window of rows of one height: only the rows in view, and a few beyond each edge, are elements. A file decides
 * how long a list is; it does not decide how long a page takes to draw it.
 */
import { LitElement, nothing, type TemplateResult } from 'lit';
import { html } from './html.ts';

/** VS Code's list row, in pixels; rows of windowed lists have it in base.css. */
export const ROW_HEIGHT = 22;
/** Rows drawn beyond each edge, so that a fast scroll finds them there. */
const MARGIN = 6;
/** In pixels, of a scroller that is not on the page yet. */
const UNKNOWN_HEIGHT = 600;

export interface Windowed<T> {
  /** index of the first of `rows` */
  first: number;
  rows: readonly T[];
  /** pixels that the rows before and after take */
  above: number;
  below: number;
}

/** The rows that `scroller` has in view, from its scroll position alone. */
export function windowOf<T>(
  items: readonly T[],
  scroller: Pick<HTMLElement, 'scrollTop' | 'clientHeight'> | null,
): Windowed<T> {
  const room = Math.ceil((scroller?.clientHeight || UNKNOWN_HEIGHT) / ROW_HEIGHT) + 2 * MARGIN;
  // a list can become shorter than it is scrolled down by
  const last = Math.max(0, items.length - room);
  const top = Math.floor((scroller?.scrollTop ?? 0) / ROW_HEIGHT);
  const first = Math.min(last, Math.max(0, top - MARGIN));
  const rows = items.slice(first, first + room);
  return { first, rows, above: first * ROW_HEIGHT, below: (items.length - first - rows.length) * ROW_HEIGHT };
}

/** What stands in a table for rows that are not drawn. Through the property: the page's policy allows no attribute of style. */
export const gap = (pixels: number): TemplateResult | typeof nothing =>
  pixels > 0 ? html`<tr class="gap" aria-hidden="true" .style=${`height: ${pixels}px`}></tr>` : nothing;

/** `items`, each on a line of what `line` makes of it. */
export class LongList extends LitElement {
  static override properties = { items: { attribute: false }, line: { attribute: false }, label: { attribute: false } };
  declare items: readonly unknown[];
  declare line: (item: never) => unknown;
  declare label: string;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
  protected override render(): TemplateResult {
    const { first, rows, above, below } = windowOf(this.items, this.querySelector('.lines'));
    return html`<div
      class="lines"
      tabindex="0"
      aria-label=${this.label}
      role="list"
      @scroll=${() => this.requestUpdate()}
    >
      <div role="presentation" .style=${`height: ${above}px`}></div>
      ${rows.map(
        (item, i) =>
          html`<div class="line" role="listitem" aria-setsize=${this.items.length} aria-posinset=${first + i + 1}>
            ${this.line(item as never)}
          </div>`,
      )}
      <div role="presentation" .style=${`height: ${below}px`}></div>
    </div>`;
  }
}
customElements.define('ox-long-list', LongList);
