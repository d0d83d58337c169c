/** Figures of the whole model: its energy-weighted ones, the layers and modules that hold the update's energy, and each module's means. */
import { nothing, type TemplateResult } from 'lit';
import { figuresOf } from '../../src/metrics/catalog.ts';
import type { ComparisonSummary } from '../../src/protocol/results.ts';
import { inUnit } from '../shared/figures.ts';
import { percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { define, ViewElement } from './view.ts';

/** Rows of each table; a file decides how many layers and modules there are. */
const MOST_ROWS = 256;
/** Of a module, as means over its matrices. */
const MEANS = [...figuresOf('change'), ...figuresOf('update')].filter(
  ({ column, factor, aggregate }) => aggregate === undefined && (column ?? factor),
);

const share = (part: { updateShare: number | null }): number => part.updateShare ?? 0;
/** Largest share first. */
const ranked = <T extends { updateShare: number | null }>(parts: readonly T[]): T[] =>
  [...parts].sort((a, b) => share(b) - share(a)).slice(0, MOST_ROWS);
const layerName = (layer: number | null): string => (layer === null ? t('outside the layers') : t('layer {0}', layer));

class ModelFigures extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const summary = this.view.model.state?.summary;
    if (!summary || summary.model.relativeUpdate === null) return nothing;
    const { relativeUpdate, updateTop1Share } = summary.model;
    const hasUpdate = summary.layers.some((layer) => share(layer) > 0);
    return html`<section class="sect" data-section="model">
      <h2>${t('The whole model')} <small>${t('weighted by energy')}</small></h2>
      <p class="small">
        ${t('Relative update {0}.', percent(relativeUpdate))}
        ${
          updateTop1Share === null
            ? nothing
            : t('The first direction of each matrix holds {0} of the update’s norm.', percent(updateTop1Share))
        }
      </p>
      ${hasUpdate ? this.shares(summary) : nothing}
    </section>`;
  }

  private shares({ layers, modules }: ComparisonSummary): TemplateResult {
    const { labels } = this.view.model;
    return html`<div class="shares">
      <div class="scroll" tabindex="0" aria-label=${t('Share of the update’s energy, by layer')}>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">${t('Layer')}</th>
              <th scope="col" class="num">${t('Share of energy')}</th>
            </tr>
          </thead>
          <tbody>
            ${ranked(layers).map(
              (one) =>
                html`<tr>
                  <td>${layerName(one.layer)}</td>
                  <td class="num">${percent(one.updateShare)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <div class="scroll" tabindex="0" aria-label=${t('Share of the update’s energy and means, by module')}>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">${t('Module')}</th>
              <th scope="col" class="num">${t('Share of energy')}</th>
              ${MEANS.map(
                ({ label, short, sentence }) =>
                  html`<th scope="col" class="num" title=${tell(sentence)}>
                    ${t('mean: {0}', tell(short ?? label))}
                  </th>`,
              )}
            </tr>
          </thead>
          <tbody>
            ${ranked(modules).map(
              (one) =>
                html`<tr>
                  <td title=${one.module}>${labels.get(one.module) ?? one.module}</td>
                  <td class="num">${percent(one.updateShare)}</td>
                  ${MEANS.map(({ id, unit }) => html`<td class="num">${inUnit(unit, one.metrics[id]?.mean)}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </div>`;
  }
}
define('ox-model', ModelFigures);
