/** "How did it get there?": layers by steps for any figure, and the path of the whole model, each figure beside that of a random walk. */
import { nothing, type TemplateResult } from 'lit';
import { define } from '../comparison/view.ts';
import { num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import '../shared/plot.ts';
import { key } from '../shared/svg.ts';
import '../shared/term.ts';
import type { Line } from './agreement.ts';
import { allFigures } from './figures.ts';
import { linesTemplate } from './lines.ts';
import type { StepsModel } from './model.ts';
import { drawPath, walkOf } from './path-plots.ts';
import './step-map.ts';
import { SeveralElement, stepOf } from './view.ts';

const TALL = 190;
const SHORT = 116;

/** Figures of a path: none of them without that of a walk beside it. */
export function pathLines(model: StepsModel['model']): Line[] {
  const line = (
    name: string,
    term: Line['term'],
    value: number | null,
    walk: number | null,
    say: (value: number) => string,
  ): Line[] =>
    value === null || walk === null
      ? []
      : [{ name, term, value, references: [walk], domain: [0, 1], text: say(value), beside: t('walk {0}', say(walk)) }];
  const r2 = (value: number): string => num(value, 3);
  return [
    ...line(t('Straightness'), 'straightness', model.pathEfficiency, model.pathEfficiencyWalk, r2),
    ...line(t('One direction explains'), 'oneDirection', model.rank1Variance, model.rank1VarianceWalk, percent),
    ...line(t('Straight along it (R²)'), null, model.rank1R2, model.rank1R2Walk, r2),
    ...line(t('Single weights, linear in the step (R²)'), null, model.linearity, model.linearityWalk, r2),
  ];
}

class Path extends SeveralElement {
  protected override render(): TemplateResult {
    const { view, version } = this;
    const { model, ui, set } = view;
    const figures = allFigures(model.known);
    const chosen = figures.find(({ id }) => id === ui.stepFigure) ?? figures[0];
    return html`<div class="agree path">
      <div class="agree-right">
        <div class="row pick">
          <h2>${t('Layers by steps')}</h2>
          <select
            aria-label=${t('Figure over the steps')}
            .value=${chosen?.id ?? ''}
            @change=${(e: Event) => set({ stepFigure: (e.target as HTMLSelectElement).value })}
          >
            ${figures.map(
              ({ id, name }) => html`<option value=${id} ?selected=${id === chosen?.id}>${tell(name)}</option>`,
            )}
          </select>
        </div>
        <ox-step-map .view=${view} .version=${version}></ox-step-map>
      </div>
      <div class="agree-left">${this.whole()}</div>
    </div>`;
  }

  private whole(): TemplateResult {
    const { model, state } = { model: this.view.model.ofSteps, state: this.view.model.state };
    if (!model)
      return html`<p class="quiet pad" data-empty="path">
        ${state?.phase === 'running' ? t('Waiting for the first figures.') : t('Nothing is computed yet.')}
      </p>`;
    const lines = pathLines(model.model);
    return html`${this.size(model)}${
      lines.length
        ? html`<section data-path>${linesTemplate(lines)}</section>`
        : html`<p class="quiet small" data-empty="walk">
            ${t('The path has no figures: they need every step, and a random walk beside them.')}
          </p>`
    }${this.directions(model)}`;
  }
  private size({ model, steps }: StepsModel): TemplateResult | typeof nothing {
    const { relativeUpdate, increment } = model;
    if (!relativeUpdate || !increment) return nothing;
    const plot = {
      label: t('Relative update against the step, beside a random walk of the same steps'),
      height: TALL,
      start: this.view.model.state?.baseStep ?? 0,
      steps: steps.map(({ step }) => step),
      values: relativeUpdate,
      reference: walkOf(increment),
      referenceName: t('walk'),
      most: null,
      fromBase: true,
      at: stepOf(this.view),
    };
    return html`<section>
      <h2><ox-term term="relativeUpdate" .label=${t('Size against the step')}></ox-term></h2>
      <ox-plot .draw=${(width: number) => drawPath(width, plot)}></ox-plot>
      <div class="keys">${key('l-tuned', t('this run'))}${key('l-base dash', t('random walk of the same steps'))}</div>
    </section>`;
  }
  private directions({ model, steps }: StepsModel): TemplateResult | typeof nothing {
    const { subspaceSimilarity, subspaceChance } = model;
    if (subspaceChance === null || subspaceSimilarity.every((value) => value === null)) return nothing;
    const plot = {
      label: t('Directions shared with the last step, beside chance'),
      height: SHORT,
      start: this.view.model.state?.baseStep ?? 0,
      steps: steps.map(({ step }) => step),
      values: subspaceSimilarity,
      reference: subspaceChance,
      referenceName: t('chance'),
      most: 1,
      fromBase: false,
      at: stepOf(this.view),
    };
    return html`<section>
      <h2>
        ${t('Directions shared with the last step')}
        <span class="quiet small">${t('chance {0}, dashed', percent(subspaceChance, 2))}</span>
      </h2>
      <ox-plot .draw=${(width: number) => drawPath(width, plot)}></ox-plot>
    </section>`;
  }
}
define('ox-path', Path);
