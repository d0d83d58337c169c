/** "Do the runs agree?": every two runs by four figures, the chosen pair in lines and matrix by matrix, and how many runs changed a weight. */
import { nothing, type TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import '../shared/plot.ts';
import '../shared/term.ts';
import type { RunPair } from '../../src/protocol/several.ts';
import { define } from '../comparison/view.ts';
import { consensusOf, linesOf, perMatrixFigures, similarities } from './agreement.ts';
import { drawConsensus } from './consensus.ts';
import { linesTemplate } from './lines.ts';
import { markOf } from './marks.ts';
import './pair-map.ts';
import { similarityMatrix } from './similarity.ts';
import { pairOf, SeveralElement } from './view.ts';

/** Up to so many runs two matrices of them lie beside each other. */
const SIDE_BY_SIDE = 5;

class Agree extends SeveralElement {
  protected override render(): TemplateResult {
    const { view, version } = this;
    const pairs = view.model.ofRuns?.model.pairs ?? [];
    if (!pairs.length) return html`<p class="quiet pad" data-empty="pairs">${this.nothingYet()}</p>`;
    return html`<div class="agree">
      <div class="agree-left">
        <h2>${t('Every pair')}</h2>
        <div class="sims ${view.model.runs.length > SIDE_BY_SIDE ? 'wide' : ''}">
          ${similarities().map((of) => similarityMatrix(view, of, pairs))}
        </div>
        ${this.chosen(pairs)}${this.consensus()}
      </div>
      <div class="agree-right">${this.picker()}<ox-pair-map .view=${view} .version=${version}></ox-pair-map></div>
    </div>`;
  }
  private nothingYet(): string {
    return this.view.model.state?.phase === 'running'
      ? t('Waiting for the first figures.')
      : t('Nothing is computed yet.');
  }

  private chosen(pairs: readonly RunPair[]): TemplateResult | typeof nothing {
    const { model } = this.view;
    const [one, other] = pairOf(this.view);
    const pair = pairs.find(({ i, j }) => i === one && j === other);
    if (!pair) return nothing;
    const name = (run: number): string => model.runs[run]?.name ?? '';
    const marked = (run: number): string => `${markOf(run).glyph} ${name(run)}`;
    return html`<section data-chosen=${`${pair.i},${pair.j}`}>
      <h2>${t('{0} and {1}', marked(pair.i), marked(pair.j))}</h2>
      ${linesTemplate(linesOf(pair, [name(pair.i), name(pair.j)]))}
      ${pair.reasons.map((reason) => html`<p class="quiet small">${reason}</p>`)}
    </section>`;
  }
  private consensus(): TemplateResult | typeof nothing {
    const found = this.view.model.ofRuns;
    const all = found ? consensusOf(found.model) : [];
    if (!all.length) return nothing;
    const hasChance = all.some(({ chance }) => chance !== null);
    return html`<section data-consensus>
      <h2>
        <ox-term term="consensus"></ox-term>
        <span class="quiet small"
          >${hasChance ? t('tick: independent runs') : t('no rounding noise that all runs share to put beside it')}</span
        >
      </h2>
      <ox-plot .draw=${(width: number) => drawConsensus(width, all)}></ox-plot>
    </section>`;
  }
  private picker(): TemplateResult {
    const { ui, set } = this.view;
    const figures = perMatrixFigures();
    const chosen = figures.find(({ id }) => id === ui.pairFigure) ?? figures[0];
    return html`<div class="row pick">
      <h2>${t('Matrix by matrix')}</h2>
      <select
        aria-label=${t('Figure of the pair')}
        .value=${chosen?.id ?? ''}
        @change=${(e: Event) => set({ pairFigure: (e.target as HTMLSelectElement).value })}
      >
        ${figures.map(({ id, name }) => html`<option value=${id} ?selected=${id === chosen?.id}>${name}</option>`)}
      </select>
    </div>`;
  }
}
define('ox-agree', Agree);
