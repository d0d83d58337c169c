/** The answer of several checkpoints. Pressing a clause opens its question, and of two runs this pair; at its end stands how far the work is. */
import { nothing, type TemplateResult } from 'lit';
import type { Answer, Clause } from '../../src/answer/clause.ts';
import { figureOfClause } from '../comparison/tabs.ts';
import { define } from '../comparison/view.ts';
import { AnswerBox } from '../shared/answer-box.ts';
import { integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { timeLeft } from '../shared/progress-line.ts';
import { tabsOf, type View } from './view.ts';

class SeveralAnswer extends AnswerBox {
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
  protected press(clause: Clause, at: number): void {
    const { model, ui, set } = this.view;
    if (ui.clause === at) return set({ clause: null });
    const tab = tabsOf(model.kind).find((one) => one === clause.tab) ?? null;
    set({
      clause: at,
      tab,
      figure: figureOfClause(clause.figure, model.known),
      ...(clause.runs ? { pair: clause.runs, pairFigure: 'updateCosine' } : {}),
    });
  }

  protected rest(): unknown {
    if (this.isWaiting) return this.work();
    return this.answer?.notes.map((note) => html`<span class="ev">${tell(note)} </span>`) ?? nothing;
  }
  private work(): TemplateResult {
    const { model, post } = this.view;
    const isCancelled = model.state?.phase === 'cancelled';
    const [action, name, type] = isCancelled
      ? (['resume', t('Resume'), 'resume'] as const)
      : (['cancel', t('Cancel'), 'cancel'] as const);
    return html`<span class="ev" role="status" data-work>${this.progress(isCancelled)}</span>
      <button class="link" data-action=${action} @click=${() => post({ type })}>${name}</button>`;
  }
  private progress(isCancelled: boolean): string {
    const { progress, matrices, runs } = this.view.model;
    if (isCancelled) {
      const done = runs.reduce((sum, _, run) => sum + this.view.model.doneOf(run), 0);
      const [so, all] = [integer(done), integer(matrices.length * runs.length)];
      return t('Cancelled: {0} of {1} matrices of all runs. Everything computed stays.', so, all);
    }
    if (!progress) return t('Starting the engine.');
    const [done, total, left] = [integer(progress.done), integer(progress.total), timeLeft(progress.secondsLeft)];
    return left === null
      ? t('{0} of {1} tensors so far, each of all runs.', done, total)
      : t('{0} of {1} tensors so far, each of all runs, about {2} left.', done, total, left);
  }
}
define('ox-several-answer', SeveralAnswer);
