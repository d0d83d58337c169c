/** Before computing: what pairs, what does not and why, the cost. Also the page while headers are read, and if nothing pairs. */
import { nothing, type TemplateResult } from 'lit';
import type { ComparisonPlan } from '../../src/protocol/engine.ts';
import { bytes, count, cutText, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { ranges } from './curves.ts';
import { dtypes, sizes } from './detail.ts';
import { leftOutTables } from './left-out.ts';
import { problemList } from './problem-list.ts';
import { backendText } from './backend.ts';
import { twinSwitch } from './twin.ts';
import { define, ViewElement } from './view.ts';
import { plural, t } from '../shared/l10n.ts';

const names = (list: readonly string[], most = 4): string =>
  list.length <= most ? list.join(', ') : t('{0} and {1} more', list.slice(0, most).join(', '), list.length - most);

class Plan extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const state = this.view.model.state;
    if (!state) return nothing;
    if (state.phase === 'planning' && !state.plan) {
      return html`<div class="empty" role="status">
        <p class="quiet">${t('Reading the headers of both checkpoints.')}</p>
      </div>`;
    }
    if (!state.plan) return this.failed();
    return state.plan.pairs.length ? this.planned(state.plan) : this.nothingPairs(state.plan);
  }

  private failed(): TemplateResult {
    const { post } = this.view;
    return html`<div class="empty">
      <p>${t('No comparison could be planned; the message above says why.')}</p>
      <div class="row centre">
        <button class="primary" data-action="choose-another" @click=${() => post({ type: 'chooseAnother' })}>
          ${t('Choose Another Checkpoint…')}
        </button>
      </div>
    </div>`;
  }

  private nothingPairs(plan: ComparisonPlan): TemplateResult {
    const { baseOnly, tunedOnly } = plan.unpaired;
    const { state } = this.view.model;
    const own = (name: string | undefined, list: readonly string[], more: number): string =>
      list.length
        ? plural(
            list.length + more,
            '{1} has {0} tensor of its own: {2}.',
            '{1} has {0} tensors of its own, such as {2}.',
            integer(list.length + more),
            name ?? '',
            names(list, 1),
          )
        : t('{0} has no tensors of its own.', name ?? '');
    const { leftOut } = this.view.model;
    const skipped = plan.skipped.length + leftOut.skipped;
    const sentences = [
      own(state?.baseName, baseOnly, leftOut.baseOnly),
      own(state?.tunedName, tunedOnly, leftOut.tunedOnly),
      ...(skipped ? [plural(skipped, '{0} tensor was left out.', '{0} tensors were left out.', integer(skipped))] : []),
      t('Fused and split parts were aligned first. Nothing was computed.'),
    ];
    return html`<div class="empty" data-empty>
        <p>${t('No tensor of the two checkpoints pairs by name and shape.')}</p>
        <p class="quiet">${sentences.join(' ')}</p>
        <div class="row centre">
          <button
            class="primary"
            data-action="choose-another"
            @click=${() => this.view.post({ type: 'chooseAnother' })}
          >
            ${t('Choose Another Checkpoint…')}
          </button>
        </div>
      </div>
      <div class="plan" role="main">
        ${problemList(plan.problems, this.view.model.leftOut.problems)} ${leftOutTables(plan, leftOut, null)}
      </div>`;
  }

  private planned(plan: ComparisonPlan): TemplateResult {
    const { cost } = plan;
    const { model, post } = this.view;
    const state = model.state;
    const figures: (readonly [string, string, string])[] = [
      [t('To read'), bytes(cost.bytesToRead), t('from both files, for both passes')],
      ...(cost.bytesToTravel > 0
        ? [
            [
              t('To download'),
              bytes(cost.bytesToTravel),
              t('about, at most; what is kept here does not travel again'),
            ] as const,
          ]
        : []),
      [
        t('Matrices'),
        integer(cost.matrices),
        cost.flops ? t('about {0} operations', cost.flops.toExponential(1).replace('e+', 'e')) : '',
      ],
      [
        t('Weights'),
        count(cost.weights),
        plural(plan.pairs.length, '{0} paired tensor', '{0} paired tensors', integer(plan.pairs.length)),
      ],
      [t('Memory at its peak'), bytes(cost.peakBytes), t('of the engine; no tensor is kept longer than its turn')],
    ];
    return html`<div class="plan" role="main" data-planned>
      <div class="plan-head">
        <div class="grow">
          <h2>${t('Ready to compare')}</h2>
          <p class="quiet">
            ${[
              ...(state?.backend ? [t('Computes on {0}.', backendText(state.backend))] : []),
              ...(state?.parameters.spectra === 'leading'
                ? [t('First how much changed and where it points; the whole spectra wait until you ask for them.')]
                : []),
              t('Nothing is written; the checkpoints are only read.'),
            ].join(' ')}
          </p>
        </div>
        ${twinSwitch(this.view)}
        <button class="primary" data-action="start" @click=${() => post({ type: 'start' })}>${t('Start')}</button>
      </div>
      <div class="costs">
        ${figures.map(
          ([name, figure, note]) =>
            html`<div>
              <h3 class="quiet">${name}</h3>
              <div class="figure">${figure}</div>
              <p class="small quiet">${note}</p>
            </div>`,
        )}
      </div>
      ${problemList(plan.problems, this.view.model.leftOut.problems)}
      ${
        model.matrices.length
          ? html`<section class="sect">
              <h2>
                ${t('With spectra')}
                <small
                  >${t(
                    '{0} in {1}',
                    plural(model.matrices.length, '{0} matrix', '{0} matrices', integer(model.matrices.length)),
                    plural(model.layerCount, '{0} layer', '{0} layers', integer(model.layerCount)),
                  )}</small
                >
              </h2>
              <table class="numbers">
                <thead>
                  <tr>
                    <th scope="col">${t('Module')}</th>
                    <th scope="col">${t('Layers')}</th>
                    <th scope="col">${t('Shape')}</th>
                    <th scope="col">${t('Stored as')}</th>
                    <th scope="col" class="num">${t('matrices')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${model.modules.map((module) => {
                    const pairs = model.matrices.filter((p) => p.module === module);
                    return html`<tr>
                      <td>${module}</td>
                      <td>${cutText(ranges(pairs.map((p) => p.layer ?? 0)), 200)}</td>
                      <td>${names([...new Set(pairs.map((p) => sizes(p.shape)))], 2)}</td>
                      <td>${names([...new Set(pairs.map((p) => dtypes(p.dtype)))], 2)}</td>
                      <td class="num">${pairs.length}</td>
                    </tr>`;
                  })}
                </tbody>
              </table>
            </section>`
          : html`<section class="sect">
              <h2>
                ${t('With spectra')}
                <small
                  >${t('none: no matrix of the transformer blocks pairs, so only change figures are computed')}</small
                >
              </h2>
            </section>`
      }
      ${leftOutTables(plan, model.leftOut, null)}
    </div>`;
  }
}
define('ox-plan', Plan);
