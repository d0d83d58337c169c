/**
 * An answer: what is found, each clause a link with what it rests on. In a short window three lines of it stand, and the rest behind a
 * button. Whoever extends it says what a pressed clause does, and what stands after the last sentence.
 */
import { LitElement, nothing, type TemplateResult } from 'lit';
import type { Answer, Clause } from '../../src/answer/clause.ts';
import { clauseText, evidenceText } from '../../src/answer/render.ts';
import { html } from './html.ts';
import { t, tell } from './l10n.ts';

export abstract class AnswerBox extends LitElement {
  private isWhole = false;
  private readonly observer = new ResizeObserver(() => this.measure());

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
  }
  protected override firstUpdated(): void {
    const text = this.querySelector('p');
    if (text) this.observer.observe(text);
  }

  protected abstract readonly answer: Answer | null;
  /** more is still to come: the room for it is kept, so that nothing jumps */
  protected abstract readonly isWaiting: boolean;
  /** place of the clause that is pressed */
  protected abstract readonly pressed: number | null;
  protected abstract press(clause: Clause, at: number): void;
  /** what stands after the last sentence */
  protected abstract rest(): unknown;

  protected override render(): TemplateResult {
    let at = 0;
    return html`<section
      class="answer ${this.isWaiting ? 'waiting' : ''} ${this.isWhole ? 'whole' : ''}"
      aria-label=${t('Answer')}
    >
      <p @focusin=${(event: FocusEvent) => this.uncover(event)}>
        ${this.answer?.sentences.map(
          (clauses) =>
            html`<span class="sentence">${clauses.map((clause, i) => this.clause(clause, at++, i === 0))}.</span> `,
        )}${this.rest()}
      </p>
      <button
        class="more-of-answer"
        aria-expanded=${String(this.isWhole)}
        @click=${() => {
          this.isWhole = !this.isWhole;
          this.requestUpdate();
        }}
      >
        ${this.isWhole ? t('Less') : t('More')}
      </button>
    </section>`;
  }
  protected override updated(): void {
    this.measure();
  }
  private measure(): void {
    const text = this.querySelector('p');
    text?.parentElement?.classList.toggle('long', text.scrollHeight > text.clientHeight + 4);
  }

  /** What the focus goes to is seen. */
  private uncover({ target, currentTarget }: FocusEvent): void {
    const bottom = (element: EventTarget | null): number => (element as HTMLElement).getBoundingClientRect().bottom;
    if (bottom(target) <= bottom(currentTarget) + 1) return;
    this.isWhole = true;
    this.requestUpdate();
  }
  private clause(clause: Clause, at: number, isFirst: boolean): TemplateResult {
    const evidence = evidenceText(clause, tell);
    const isPressed = this.pressed === at;
    const press = (): void => this.press(clause, at);
    return html`${isFirst ? '' : `${clause.joint} `}<a
        role="button"
        tabindex="0"
        class="clause ${clause.kind}"
        data-clause=${clause.code}
        aria-pressed=${String(isPressed)}
        title=${isPressed ? t('Show all cells') : t('Show what this rests on')}
        @click=${press}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          press();
        }}
        >${clauseText(clause, isFirst, tell)}</a
      >${evidence ? html` <span class="ev">${evidence}</span>` : nothing}`;
  }
}
