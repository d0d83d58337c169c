/** The matrix that is chosen on a map: what each run did to it, each a way into the ordinary comparison at this matrix. */
import { nothing, type TemplateResult } from 'lit';
import { membersAt } from '../comparison/columns.ts';
import { define } from '../comparison/view.ts';
import { exact } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tellError } from '../shared/l10n.ts';
import { statusWord } from '../shared/words.ts';
import { figureOf } from './figures.ts';
import { markOf } from './marks.ts';
import { placeOf } from './place.ts';
import { chosenColumn, SeveralElement, shownColumns, stepOf, tabOf } from './view.ts';

class Chosen extends SeveralElement {
  protected override render(): TemplateResult | typeof nothing {
    const { model, ui, post } = this.view;
    const tab = tabOf(this.view);
    if (!ui.cell || tab === 'agree' || tab === 'path') return nothing;
    const { layer } = ui.cell;
    const column = chosenColumn(shownColumns(this.view), ui);
    const members = column ? membersAt(model, layer, column) : [];
    const chosen = members.find(({ name }) => name === ui.member) ?? members[0];
    if (!column || !chosen) return nothing;
    const { metric } = figureOf(tab, ui.figure, model.known);
    const runs = model.kind === 'steps' ? [stepOf(this.view)] : model.runs.map((_, run) => run);
    return html`<div class="matrix" data-matrix=${chosen.name} role="group" aria-label=${t('Chosen matrix')}>
      <span
        ><b>${placeOf(model, layer, column)}</b>
        <span class="quiet small"
          >${members.length > 1 ? plural(members.length, '{0} matrix', '{0} matrices') : chosen.shape.join(' × ')}</span
        ></span
      >
      ${runs.map((run) => {
        const { status, value } = model.cell(run, metric, layer, column);
        const name = model.runs[run]?.name ?? '';
        const text =
          status !== 'done' ? statusWord(status) : value === null ? statusWord('null') : metric.format(value);
        const failed = model.failure(run, chosen.name);
        const failure = failed ? tellError(failed) : '';
        return html`<button
          class="link"
          data-open=${run}
          title=${[t('Compare {0} with the base at this matrix', name), failure || exact(value)]}
          @click=${() => post({ type: 'openPair', from: null, to: run, tensor: chosen.name })}
        >
          <span class="quiet">${model.kind === 'runs' ? `${markOf(run).glyph} ` : ''}${name}</span> ${text}
        </button>`;
      })}
    </div>`;
  }
}
define('ox-chosen', Chosen);
