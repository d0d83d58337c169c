/** What the table says instead of rows: why there is none, and the ways out. */
import { nothing, type TemplateResult } from 'lit';
import { integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { chipsOf, NO_FILTER } from './find/filter.ts';
import { MIN_SIBLINGS, Z_THRESHOLD } from './find/outliers.ts';
import { mapMetric } from './metrics.ts';
import type { View } from './view.ts';

/** Other figures that the list of outliers offers. */
const MOST_OFFERED = 5;
/** Trying the filter without each of its parts goes over all names once for each. */
const MOST_COUNTED = 100_000;

export function emptyTable(view: View): TemplateResult {
  const { model, finder, ui } = view;
  if (!model.rows.length)
    return html`<div class="empty" data-state="no-tensors">
      <p>
        ${
          model.facts?.problems.length
            ? t('No tensor could be read: see the problems above.')
            : t('This file holds no tensors.')
        }
      </p>
    </div>`;
  if (finder.isSearching) return html`<div class="empty quiet" data-state="searching">${t('Searching…')}</div>`;
  if (ui.outliers && finder.found.length) return noOutliers(view);
  return noMatch(view);
}

function noMatch(view: View): TemplateResult {
  const { model, finder, ui } = view;
  const chips = chipsOf(ui.filter);
  const counted = model.rows.length * chips.length <= MOST_COUNTED && chips.length > 1;
  return html`<div class="empty" data-state="no-match">
    <p>
      ${
        chips.length === 1 && ui.filter.text
          ? t('No tensor’s name fits “{0}”.', ui.filter.text)
          : t('No tensor passes all of these filters.')
      }
    </p>
    ${
      counted
        ? html`<ul class="ways">
            ${chips.map((chip) => {
              const left = finder.countOf(chip.without);
              return html`<li>
                <button data-action="drop-filter" @click=${() => view.set({ filter: chip.without })}>
                  ${plural(left, 'Without “{1}”: {0} tensor', 'Without “{1}”: {0} tensors', integer(left), chip.text)}
                </button>
              </li>`;
            })}
          </ul>`
        : nothing
    }
    <p class="quiet small">
      ${t(
        'Every word has to be in the name; * and ? stand for any text and any character of whole parts, as in “layers.1?.*”; “q_proj,k_proj” is either. The .* button takes a regular expression.',
      )}
    </p>
    <button class="secondary" data-action="clear-filter" @click=${() => view.set({ filter: NO_FILTER })}>
      ${t('Clear Filter')}
    </button>
  </div>`;
}

function noOutliers(view: View): TemplateResult {
  const { finder, ui } = view;
  const { name } = mapMetric(ui.metric);
  const { judged = 0, leftOut = 0 } = finder.outliers ?? {};
  const text =
    judged > 0
      ? t(
          '{0}: none of {1} values has a robust z of {2} or more among its siblings.',
          name,
          integer(judged),
          Z_THRESHOLD,
        )
      : leftOut > 0
        ? t('{0}: no module has the {1} values that a median needs.', name, MIN_SIBLINGS)
        : t('{0} is not known of any of these tensors yet.', name);
  return html`<div class="empty" data-state="no-outliers">
    <p>${text}</p>
    <p class="quiet small">
      ${t('Siblings are the tensors of one module in all layers. [ and ] try the next figure.')}
    </p>
    ${judged > 0 ? nothing : atHand(view)}
    <button class="secondary" data-action="all-tensors" @click=${() => view.set({ outliers: false })}>
      ${t('Show All Tensors')}
    </button>
  </div>`;
}
/** What there is instead: other figures, of what has been read. */
function atHand(view: View): TemplateResult | typeof nothing {
  const figures = view.finder.figuresAtHand().slice(0, MOST_OFFERED);
  if (figures.length === 0) return nothing;
  return html`<p class="small">${t('These figures are known:')}</p>
    <ul class="ways">
      ${figures.map(
        ({ metric, found, judged }) =>
          html`<li>
            <button data-action="try-figure" data-metric=${metric.id} @click=${() => view.set({ metric: metric.id })}>
              ${plural(found, '{1}: {0} outlier among {2}', '{1}: {0} outliers among {2}', integer(found), metric.name, integer(judged))}
            </button>
          </li>`,
      )}
    </ul>`;
}
