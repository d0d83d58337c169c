/** Below the toolbar: what the filters leave, the order of the list, and what its order still needs. */
import { nothing, type TemplateResult } from 'lit';
import { integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import './filters.ts';
import { chipsOf, NO_FILTER } from './find/filter.ts';
import { MIN_SIBLINGS, Z_THRESHOLD } from './find/outliers.ts';
import type { Wanting } from './finder.ts';
import { ICON } from './icons.ts';
import { metricPicker } from './map.ts';
import { isMetric, MAP_METRICS, mapMetric } from './metrics.ts';
import { FACT_KEYS, type Grouping, type SortKey } from './rows.ts';
import { ViewElement, type View } from './view.ts';

class FindBar extends ViewElement {
  protected override render(): TemplateResult {
    const { ui, finder } = this.view;
    return html`${ui.filters ? html`<ox-filters .view=${this.view} .version=${this.version}></ox-filters>` : nothing}
    ${this.summary()} ${ui.outliers ? this.rule() : nothing}
    ${finder.wanting?.unknown.length ? this.wanting(finder.wanting) : nothing}`;
  }
  // ---------- what is left, and in which order ----------
  private summary(): TemplateResult {
    const { model, finder, ui } = this.view;
    const chips = chipsOf(ui.filter);
    const shown = ui.outliers ? (finder.outliers?.found.length ?? 0) : finder.found.length;
    const all = model.rows.length;
    const some = chips.length > 0 || ui.outliers;
    return html`<div class="summary">
      <span class="quiet small" role="status" data-found=${shown}
        >${
          finder.isSearching
            ? t('Searching…')
            : some
              ? t('{0} of {1}', integer(shown), plural(all, '{0} tensor', '{0} tensors', integer(all)))
              : plural(all, '{0} tensor', '{0} tensors', integer(all))
        }</span
      >
      ${ui.outliers ? this.chip('outliers', t('Outliers: {0}', mapMetric(ui.metric).name), () => this.view.set({ outliers: false })) : nothing}
      ${chips.map((chip) => {
        const wrong = Object.hasOwn(finder.errors, chip.id);
        const text = wrong ? t('{0} (not valid)', chip.text) : chip.text;
        return this.chip(chip.id, text, () => this.view.set({ filter: chip.without }));
      })}
      ${
        chips.length > 1
          ? html`<button class="small" data-action="clear-all" @click=${() => this.view.set({ filter: NO_FILTER })}>
              ${t('Clear All')}
            </button>`
          : nothing
      }
      <span class="grow"></span>
      ${this.order()}
    </div>`;
  }
  private chip(id: string, text: string, remove: () => void): TemplateResult {
    return html`<button class="chip" data-chip=${id} title=${t('Remove this filter')} @click=${remove}>
      <span class="cut">${text}</span>${icon(ICON.close)}<span class="sr">${t('remove')}</span>
    </button>`;
  }
  private order(): TemplateResult {
    const { ui, set } = this.view;
    const sort = ui.sort?.key ?? '';
    const facts: Record<(typeof FACT_KEYS)[number], string> = {
      name: t('Name'),
      shape: t('Shape'),
      dtype: t('Type'),
      weights: t('Weights'),
    };
    const option = (value: string, name: string): TemplateResult =>
      html`<option value=${value} ?selected=${value === sort}>${name}</option>`;
    const figures = (of: 'spectrum' | 'elements'): TemplateResult[] =>
      MAP_METRICS.filter((metric) => metric.of === of).map((metric) => option(metric.id, metric.name));
    return html`<label class="row small"
        ><span class="quiet">${t('Figure')}</span
        >${metricPicker(ui.metric, (metric) => pickMetric(this.view, metric))}</label
      ><label class="row small"
        ><span class="quiet">${t('Sort')}</span>
        <select
          data-action="sort-by"
          .value=${sort}
          @change=${(event: Event) => this.sortBy((event.target as HTMLSelectElement).value)}
        >
          ${option('', ui.outliers ? t('Robust z') : ui.grouping === 'none' ? t('As in the file') : t('In groups'))}
          ${FACT_KEYS.map((key) => option(key, facts[key]))}
          <optgroup label=${t('Spectrum')}>${figures('spectrum')}</optgroup>
          <optgroup label=${t('Values')}>${figures('elements')}</optgroup>
        </select></label
      >
      ${
        ui.sort
          ? html`<button
              data-action="direction"
              title=${ui.sort.direction > 0 ? t('Ascending: turn round') : t('Descending: turn round')}
              aria-label=${ui.sort.direction > 0 ? t('Ascending: turn round') : t('Descending: turn round')}
              @click=${() => ui.sort && set({ sort: { ...ui.sort, direction: ui.sort.direction > 0 ? -1 : 1 } })}
            >
              ${ui.sort.direction > 0 ? '↑' : '↓'}
            </button>`
          : ui.outliers
            ? nothing
            : this.grouping()
      }`;
  }
  private sortBy(value: string): void {
    const key = FACT_KEYS.find((fact) => fact === value) ?? (isMetric(value) ? value : null);
    if (key === null) return this.view.set({ sort: null, scroll: 0 });
    const first: 1 | -1 = key === 'name' || key === 'dtype' ? 1 : -1;
    this.view.set({
      sort: { key: key satisfies SortKey, direction: first },
      ...(isMetric(key) ? { metric: key } : {}),
    });
  }
  private grouping(): TemplateResult {
    const { ui, set, finder } = this.view;
    const option = (value: Grouping, name: string): TemplateResult =>
      html`<option value=${value} ?selected=${value === ui.grouping}>${name}</option>`;
    const groups = ui.grouping === 'none' ? [] : finder.groups;
    const closed = groups.length > 0 && groups.every((group) => ui.closed.includes(group));
    return html`<label class="row small"
        ><span class="quiet">${t('Group')}</span>
        <select
          data-action="group-by"
          .value=${ui.grouping}
          @change=${(event: Event) =>
            set({ grouping: (event.target as HTMLSelectElement).value as Grouping, group: null, scroll: 0 })}
        >
          ${option('layer', t('By layer'))} ${option('module', t('By module'))} ${option('none', t('None'))}
        </select></label
      >
      ${
        groups.length
          ? html`<button
              data-action="collapse-all"
              aria-label=${closed ? t('Expand All') : t('Collapse All')}
              title=${closed ? t('Expand All') : t('Collapse All')}
              @click=${() => set({ closed: closed ? [] : groups, scroll: 0 })}
            >
              ${icon(closed ? ICON.expandAll : ICON.collapseAll)}
            </button>`
          : nothing
      }`;
  }

  // ---------- outliers, and figures that are not there yet ----------
  private rule(): TemplateResult {
    const { judged = 0, leftOut = 0 } = this.view.finder.outliers ?? {};
    const left = leftOut
      ? plural(
          leftOut,
          '{0} more has fewer than {1} siblings.',
          '{0} more have fewer than {1} siblings.',
          integer(leftOut),
          MIN_SIBLINGS,
        )
      : '';
    return html`<p class="quiet small note" data-rule>
      ${t('|z| of {0} or more, z = 0.6745 (x − median) / MAD among the same module’s tensors in all layers.', Z_THRESHOLD)}
      ${plural(judged, '{0} value judged.', '{0} values judged.', integer(judged))} ${left}
    </p>`;
  }
  private wanting({ metric, known, unknown }: Wanting): TemplateResult {
    const { view } = this;
    const { model } = view;
    const all = known + unknown.length;
    const spectra = metric.of === 'spectrum';
    const text = view.ui.outliers
      ? t('{0} is known of {1} of {2} tensors; the others are not judged.', metric.name, integer(known), integer(all))
      : t('{0} is known of {1} of {2} tensors; the others stand last.', metric.name, integer(known), integer(all));
    const busy = spectra ? model.isAnalyzing : view.isReadingValues;
    return html`<div class="banner" data-state="wanting" role="status">
      <span class="grow">${text}</span>
      ${
        busy
          ? spectra
            ? nothing
            : html`<button data-action="stop-reading" @click=${() => view.readValues([])}>${t('Cancel')}</button>`
          : html`<button
              class="secondary"
              data-action="analyze-wanting"
              ?disabled=${model.disk !== null}
              @click=${() => (spectra ? view.post({ type: 'spectra', tensors: [...unknown] }) : view.readValues(unknown))}
            >
              ${
                spectra
                  ? plural(unknown.length, 'Analyze {0} Matrix', 'Analyze {0} Matrices', integer(unknown.length))
                  : plural(unknown.length, 'Read {0} Tensor', 'Read {0} Tensors', integer(unknown.length))
              }
            </button>`
      }
    </div>`;
  }
}
customElements.define('ox-find', FindBar);

/** The list stays in the order of the figure that it is ordered by. */
export function pickMetric({ ui, set }: View, id: string): void {
  const metric = mapMetric(id).id;
  const follows = ui.sort !== null && ui.sort.key === ui.metric;
  set({ metric, ...(follows && ui.sort ? { sort: { ...ui.sort, key: metric } } : {}) });
}
