/**
 * The answer: what the comparison says, each clause a link with what it rests on. Pressing one opens its tab and figure, lights its cells
 * and selects the first of them; pressing it again undoes that. At its end stands how far the work is.
 */
import { nothing, type TemplateResult } from 'lit';
import type { Clause } from '../../src/answer/clause.ts';
import { clauseText, evidenceText } from '../../src/answer/render.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { clausesOf } from './focus.ts';
import { progressText } from './progress.ts';
import { knownOf } from './shown.ts';
import { figureOfClause, TABS } from './tabs.ts';
import { define, ViewElement, type Ui } from './view.ts';

class AnswerBox extends ViewElement {
  private isWhole = false;
  private readonly observer = new ResizeObserver(() => this.measure());

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
  }
  protected override firstUpdated(): void {
    const text = this.querySelector('p');
    if (text) this.observer.observe(text);
  }

  protected override render(): TemplateResult {
    const { model } = this.view;
    const answer = model.answer();
    const isOpen = model.state?.phase === 'running' || model.state?.phase === 'cancelled';
    let at = 0;
    return html`<section
      class="answer ${isOpen ? 'waiting' : ''} ${this.isWhole ? 'whole' : ''}"
      aria-label=${t('Answer')}
    >
      <p @focusin=${(event: FocusEvent) => this.uncover(event)}>
        ${answer?.sentences.map(
          (clauses) =>
            html`<span class="sentence">${clauses.map((clause, i) => this.clause(clause, at++, i === 0))}.</span> `,
        )}${isOpen ? this.work() : answer?.notes.map((note) => html`<span class="ev">${tell(note)} </span>`)}${this.offer()}
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
  /** In a short window three lines stand, the rest behind the button. */
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
    const isPressed = this.view.ui.clause === at;
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

  private press(clause: Clause, at: number): void {
    const { model, ui, set } = this.view;
    if (ui.clause === at) return set({ clause: null });
    const tab = TABS.find((one) => one === clause.tab);
    const change: Partial<Ui> = { clause: at, brush: null, sort: null };
    if (tab) Object.assign(change, { tab, figure: figureOfClause(clause.figure, knownOf(model)), fit: null });
    const names = clause.matrices && new Set(clause.matrices);
    const first = names && model.matrices.find(({ name }) => names.has(name));
    if (first && first.layer !== null)
      Object.assign(change, { cell: { layer: first.layer, module: first.module }, member: first.name });
    set(change);
  }

  private work(): TemplateResult {
    const { model, post } = this.view;
    const isCancelled = model.state?.phase === 'cancelled';
    const button = (action: string, name: string, type: 'cancel' | 'resume'): TemplateResult =>
      html`<button class="link" data-action=${action} @click=${() => post({ type })}>${name}</button>`;
    return html`<span class="ev" role="status" data-work>${progressText(model)}</span> ${
        isCancelled
          ? // what is left would be computed of other bytes
            model.disk
            ? nothing
            : button('resume', t('Resume'), 'resume')
          : button('cancel', t('Cancel'), 'cancel')
      }`;
  }

  /** What needs noise of the same size says so, and how to get it. */
  private offer(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const { state } = model;
    // of two models that are not base and tuned there is nothing that noise would explain
    const isGuarded = clausesOf(model.answer()).some(({ kind }) => kind === 'guard');
    if (isGuarded || state?.phase !== 'done' || state.parameters.twin || !state.parameters.spectra) return nothing;
    if (!model.live().length) return nothing;
    return html`<button
      class="link"
      data-action="compute-twin"
      @click=${() => post({ type: 'parameters', change: { twin: true } })}
    >
      ${t('Compute noise of the same size')}
    </button>`;
  }
}
define('ox-answer', AnswerBox);
