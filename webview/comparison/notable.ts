/** The two buttons that walk through the matrices that stand out in this tab, and where one is among them. */
import type { TemplateResult } from 'lit';
import { integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { selectedPair, standingOf, stepNotable } from './standing.ts';
import { define, CostlyElement } from './view.ts';

const UP = 0xeaa1;
const DOWN = 0xea9a;

class Notable extends CostlyElement {
  protected override content(): TemplateResult {
    const { view } = this;
    const { notable } = standingOf(view.model, view.ui.tab);
    const selected = selectedPair(view);
    const at = notable.findIndex(({ pair }) => pair === selected);
    const count = integer(notable.length);
    const [previous, next] = [t('Previous notable matrix (Shift+F7)'), t('Next notable matrix (F7)')];
    return html`<span class="nav">
      <button
        data-action="previous-notable"
        aria-label=${previous}
        title=${previous}
        ?disabled=${!notable.length}
        @click=${() => stepNotable(view, -1)}
      >
        ${icon(UP)}
      </button>
      <span class="small quiet" data-notable
        >${
          !notable.length
            ? t('none stands out')
            : at < 0
              ? t('{0} notable', count)
              : t('Notable {0} of {1}', integer(at + 1), count)
        }</span
      >
      <button
        data-action="next-notable"
        aria-label=${next}
        title=${next}
        ?disabled=${!notable.length}
        @click=${() => stepNotable(view, 1)}
      >
        ${icon(DOWN)}
      </button>
    </span>`;
  }
}
define('ox-notable', Notable);
