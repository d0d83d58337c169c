/**
 * The answer of a comparison. Pressing a clause opens its tab and figure, lights its cells and selects the first of them; pressing it
 * again undoes that. At its end stands how far the work is.
 */
import { nothing, type TemplateResult } from 'lit';
import type { Answer, Clause } from '../../src/answer/clause.ts';
import { AnswerBox } from '../shared/answer-box.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { clausesOf } from './focus.ts';
import { progressText } from './progress.ts';
import { knownOf } from './shown.ts';
import { figureOfClause, TABS } from './tabs.ts';
import { define, type Ui, type View } from './view.ts';
import { spectraButton } from './whole-spectra.ts';

class ComparisonAnswer extends AnswerBox {
  static override properties = { view: { attribute: false }, version: { attribute: false } };
  declare view: View;
  declare version: number;

  protected get answer(): Answer | null {
    return this.view.model.answer();
  }
  protected get isWaiting(): boolean {
    const phase = this.view.model.state?.phase;
    return phase === 'running' || phase === 'cancelled';
  }
  protected get pressed(): number | null {
    return this.view.ui.clause;
  }
  protected rest(): unknown {
    const notes = this.isWaiting
      ? this.work()
      : this.answer?.notes.map((note) => html`<span class="ev">${tell(note)} </span>`);
    return html`${notes}${spectraButton(this.view, 'primary')} ${this.offer()}`;
  }

  protected press(clause: Clause, at: number): void {
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
define('ox-answer', ComparisonAnswer);
