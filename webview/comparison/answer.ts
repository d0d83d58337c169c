/** The answer above the figures: what the comparison says, each clause with what it rests on. One line, the rest of it when opened. */
import { nothing, type TemplateResult } from 'lit';
import { clauseText, evidenceText, sentencesOf } from '../../src/answer/render.ts';
import type { Clause } from '../../src/answer/clause.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { define, ViewElement } from './view.ts';

class AnswerStrip extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const answer = this.view.model.answer();
    if (!answer || answer.sentences.length + answer.notes.length === 0) return nothing;
    return html`<section class="answer" aria-label=${t('In short')}>
      <details>
        <summary title=${sentencesOf(answer, tell).join(' ')}>
          ${answer.sentences.map(
            (clauses) =>
              html`<span class="sentence">${clauses.map((clause, at) => this.clause(clause, at === 0))}.</span> `,
          )}${answer.notes.map((note) => html`<span class="quiet">${tell(note)} </span>`)}
        </summary>
      </details>
    </section>`;
  }

  private clause(clause: Clause, isFirst: boolean): TemplateResult {
    const evidence = evidenceText(clause, tell);
    return html`${isFirst ? '' : `${clause.joint} `}<span class="clause ${clause.kind}" data-clause=${clause.code}
        >${clauseText(clause, isFirst, tell)}</span
      >${evidence ? html` <span class="evidence quiet">${evidence}</span>` : nothing}`;
  }
}
define('ox-answer', AnswerStrip);
