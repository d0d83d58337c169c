/**
 * `<ox-term term="spectrumShift">`: the term's name and an (i), which opens its sentence, its picture and the way to its definition.
 * `.label` shows other words than the term's own name; `bare` shows the (i) alone, beside words that stand there already. The pop-up is
 * a popover of the browser: Escape or a click elsewhere closes it, a second one closes the first, the focus goes back to the (i).
 */
import { LitElement, nothing, type TemplateResult } from 'lit';
import type { DefinitionFromView } from '../../src/protocol/views.ts';
import { TERMS, isTerm, type TermId } from './glossary.ts';
import { termPicture } from './glossary-pictures.ts';
import { html } from './html.ts';
import { t, tell } from './l10n.ts';
import { h, icon } from './svg.ts';

/** What tells a page's main script that a definition is to be opened. */
export const DEFINITION_EVENT = 'offaxis-definition';
const INFO = 0xea74;
/** From the (i), and from the edges of the window, CSS pixels. */
const GAP = 6;
const MARGIN = 8;

class TermElement extends LitElement {
  static override properties = { term: {}, label: { attribute: false }, bare: { type: Boolean } };
  declare term: string;
  declare label: string | undefined;
  declare bare: boolean;
  private readonly popup = h('div', { class: 'term-popup', role: 'dialog', popover: 'auto' });

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.popup.addEventListener('beforetoggle', this.fill);
    this.popup.addEventListener('toggle', this.toggled);
    // the keys of the list, the map or the page around it are not meant
    this.addEventListener('keydown', stop);
    this.addEventListener('click', stop);
    window.addEventListener('scroll', this.follow, true);
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('scroll', this.follow, true);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!isTerm(this.term)) return nothing;
    const name = tell(TERMS[this.term].name);
    return html`${this.bare ? nothing : html`<span class="term-name">${this.label ?? name}</span>`}<button
        type="button"
        class="info"
        data-term=${this.term}
        aria-label=${t('What is “{0}”?', name)}
        aria-haspopup="dialog"
        .popoverTargetElement=${this.popup}
      >
        ${icon(INFO)}</button
      >${this.popup}`;
  }

  private readonly fill = (event: Event): void => {
    if ((event as ToggleEvent).newState !== 'open' || !isTerm(this.term)) return;
    this.popup.setAttribute('aria-label', tell(TERMS[this.term].name));
    this.popup.replaceChildren();
    for (const part of content(this.term)) this.popup.append(part);
  };
  private readonly toggled = (event: Event): void => {
    if ((event as ToggleEvent).newState === 'open') this.place();
    // closed, it is nothing: a page may hold a hundred of them. Not before: the browser looks for the focus in it
    else this.popup.replaceChildren();
  };
  /** What it explains may scroll under it: it goes along. */
  private readonly follow = (): void => {
    if (this.popup.matches(':popover-open')) this.place();
  };
  private place(): void {
    const button = this.querySelector('button.info');
    if (!button) return;
    const from = button.getBoundingClientRect();
    const box = this.popup.getBoundingClientRect();
    const left = Math.min(from.left - 12, window.innerWidth - box.width - MARGIN);
    const below = from.bottom + GAP;
    const top = below + box.height > window.innerHeight - MARGIN ? from.top - box.height - GAP : below;
    this.popup.style.left = `${Math.max(MARGIN, left)}px`;
    this.popup.style.top = `${Math.max(MARGIN, Math.min(top, window.innerHeight - box.height - MARGIN))}px`;
  }
}
const stop = (event: Event): void => event.stopPropagation();

function content(id: TermId): Node[] {
  const { name, sentence, heading } = TERMS[id];
  const open = (): void => {
    const detail: DefinitionFromView = { type: 'definition', heading };
    document.dispatchEvent(new CustomEvent(DEFINITION_EVENT, { detail }));
  };
  return [
    h('strong', {}, tell(name)),
    h('p', {}, tell(sentence)),
    termPicture(id),
    h('button', { type: 'button', class: 'link', autofocus: true, 'data-action': 'definition', onclick: open }, [
      t('METRICS.md: {0}', heading),
    ]),
  ];
}
customElements.define('ox-term', TermElement);
