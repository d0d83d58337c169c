/** Before computing: what pairs, what does not and why, the cost. Also the page while headers are read, and where nothing pairs. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ComparisonPlan } from '../../src/protocol/engine.ts';
import { bytes, count, integer } from '../shared/format.ts';
import { s } from '../shared/svg.ts';
import { ranges } from './curves.ts';
import { dtypes, sizes } from './detail.ts';
import { leftOutTables } from './left-out.ts';
import { backendText } from './backend.ts';
import { define, ViewElement } from './view.ts';

const plural = (n: number, word: string): string => `${integer(n)} ${word}${n === 1 ? '' : 's'}`;
const names = (list: readonly string[], most = 4): string =>
  list.length <= most ? list.join(', ') : `${list.slice(0, most).join(', ')} and ${list.length - most} more`;

class Plan extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const state = this.view.model.state;
    if (!state) return nothing;
    if (state.phase === 'planning' && !state.plan) {
      return html`<div class="progress busy">
          ${s('svg', { viewBox: '0 0 100 2', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, s('rect', { x: 0, y: 0, width: 30, height: 2 }))}
        </div>
        <div class="empty" role="status"><p class="quiet">Reading the headers of both checkpoints.</p></div>`;
    }
    if (!state.plan) return this.failed();
    return state.plan.pairs.length ? this.planned(state.plan) : this.nothingPairs(state.plan);
  }

  private failed(): TemplateResult {
    const { post } = this.view;
    return html`<div class="empty">
      <p>No comparison could be planned; the message above says why.</p>
      <div class="row centre">
        <button class="primary" data-action="choose-another" @click=${() => post({ type: 'chooseAnother' })}>
          Choose Another Checkpoint…
        </button>
      </div>
    </div>`;
  }

  private nothingPairs(plan: ComparisonPlan): TemplateResult {
    const { baseOnly, tunedOnly } = plan.unpaired;
    const { state } = this.view.model;
    const total = (n: number): string => plural(n, 'tensor');
    return html`<div class="empty" data-empty>
        <p>No tensor of the two checkpoints pairs by name and shape.</p>
        <p class="quiet">
          ${state?.baseName} has ${total(baseOnly.length)} of its
          own${baseOnly.length ? `, such as ${names(baseOnly, 1)}` : ''}; ${state?.tunedName} has
          ${total(tunedOnly.length)}${tunedOnly.length ? `, such as ${names(tunedOnly, 1)}` : ''}.
          ${plan.skipped.length ? `${total(plan.skipped.length)} were left out.` : ''} Fused and split parts were
          aligned first. Nothing was computed.
        </p>
        <div class="row centre">
          <button
            class="primary"
            data-action="choose-another"
            @click=${() => this.view.post({ type: 'chooseAnother' })}
          >
            Choose Another Checkpoint…
          </button>
        </div>
      </div>
      <div class="plan">${this.problems(plan)} ${leftOutTables(plan, null)}</div>`;
  }

  private planned(plan: ComparisonPlan): TemplateResult {
    const { cost } = plan;
    const { model, post } = this.view;
    const state = model.state;
    const figures: [string, string, string][] = [
      ['To read', bytes(cost.bytesToRead), 'from both files, for both passes'],
      [
        'Matrices',
        integer(cost.matrices),
        cost.flops ? `about ${cost.flops.toExponential(1).replace('e+', 'e')} operations` : '',
      ],
      ['Weights', count(cost.weights), plural(plan.pairs.length, 'paired tensor')],
      ['Memory at its peak', bytes(cost.peakBytes), 'of the engine; no tensor is kept longer than its turn'],
    ];
    return html`<div class="plan" data-planned>
      <div class="plan-head">
        <div class="grow">
          <h2>Ready to compare</h2>
          <p class="quiet">
            ${state?.backend ? `Computes on ${backendText(state.backend)}. ` : ''}Nothing is written; the checkpoints
            are only read.
          </p>
        </div>
        <button class="primary" data-action="start" @click=${() => post({ type: 'start' })}>Start</button>
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
      ${this.problems(plan)}
      ${
        model.matrices.length
          ? html`<section class="sect">
              <h2>
                With spectra
                <small
                  >${plural(model.matrices.length, 'matrix').replace('matrixs', 'matrices')} in
                  ${plural(model.layers, 'layer')}</small
                >
              </h2>
              <table class="numbers">
                <thead>
                  <tr>
                    <th scope="col">Module</th>
                    <th scope="col">Layers</th>
                    <th scope="col">Shape</th>
                    <th scope="col">Stored as</th>
                    <th scope="col" class="num">matrices</th>
                  </tr>
                </thead>
                <tbody>
                  ${model.modules.map((module) => {
                    const pairs = model.matrices.filter((p) => p.module === module);
                    return html`<tr>
                      <td>${module}</td>
                      <td>${ranges(pairs.map((p) => p.layer ?? 0))}</td>
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
                With spectra
                <small>none: no matrix of the transformer blocks pairs, so only change figures are computed</small>
              </h2>
            </section>`
      }
      ${leftOutTables(plan, null)}
    </div>`;
  }

  private problems(plan: ComparisonPlan): TemplateResult | typeof nothing {
    if (!plan.problems.length) return nothing;
    return html`<section class="sect" data-section="problems">
      <h2>Problems <small>${plural(plan.problems.length, 'finding')} in the files</small></h2>
      <ul class="notes small">
        ${plan.problems.map((p) => html`<li><b>${p.severity}</b> ${p.file ? `${p.file}: ` : ''}${p.message}</li>`)}
      </ul>
    </section>`;
  }
}
define('ox-plan', Plan);
