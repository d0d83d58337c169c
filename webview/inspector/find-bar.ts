/** Below the toolbar: the filters, what they leave, the order of the list, and what its order still needs. */
import { nothing, type TemplateResult } from 'lit';
import { cutText, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { chipsOf, type Filter, NO_FILTER, ROLE_NAMES, ROLES } from './find/filter.ts';
import { MIN_SIBLINGS, Z_THRESHOLD } from './find/outliers.ts';
import type { Wanting } from './finder.ts';
import { ICON } from './icons.ts';
import { metricPicker } from './map.ts';
import { isMetric, MAP_METRICS, mapMetric } from './metrics.ts';
import { FACT_KEYS, type Grouping, type SortKey } from './rows.ts';
import { ViewElement, type View } from './view.ts';

/** Values that a list offers, and characters of each. */
const MAX_CHOICES = 300;
const MAX_LABEL = 120;

class FindBar extends ViewElement {
  protected override render(): TemplateResult {
    const { ui, finder } = this.view;
    return html`${ui.filters ? this.filters() : nothing} ${this.summary()} ${ui.outliers ? this.rule() : nothing}
    ${finder.wanting?.unknown.length ? this.wanting(finder.wanting) : nothing}`;
  }
  private change(part: Partial<Filter>): void {
    this.view.set({ filter: { ...this.view.ui.filter, ...part } });
  }

  // ---------- filters ----------
  private filters(): TemplateResult {
    const { filter } = this.view.ui;
    const { errors } = this.view.finder;
    return html`<div class="filters" id="filters" role="group" aria-label=${t('Filters')}>
      ${this.choice('dtypes', t('Type'), (row) => row.dtype)}
      ${this.choice(
        'roles',
        t('Role'),
        (row) => row.role,
        (role) => ROLE_NAMES[role as keyof typeof ROLE_NAMES],
      )}
      ${this.choice('modules', t('Module'), (row) => row.module)}
      ${this.field('layers', t('Layers'), '0-11', errors.layers, t('3, 0-11, 12-, none; commas between alternatives'))}
      ${this.field('shape', t('Shape'), '4096x*', errors.shape, t('4096x*, >=1024 x 64, >= 2-D, scalar; commas between alternatives'))}
      <label class="check"
        ><input
          type="checkbox"
          data-action="problems-only"
          .checked=${filter.problems}
          @change=${(event: Event) => this.change({ problems: (event.target as HTMLInputElement).checked })}
        />${t('Problems only')}</label
      >
    </div>`;
  }
  /** Choosing adds a chip; what is chosen is not offered again. */
  private choice(
    key: 'dtypes' | 'roles' | 'modules',
    name: string,
    of: (tensor: { dtype: string; role: string; module: string }) => string,
    label: (value: string) => string = (value) => value,
  ): TemplateResult {
    const chosen: readonly string[] = this.view.ui.filter[key];
    const counts = this.counts(key, of);
    const values = key === 'roles' ? ROLES.filter((role) => counts.has(role)) : [...counts.keys()];
    return html`<select
      aria-label=${t('Add a filter by {0}', name)}
      data-action="add-${key}"
      .value=${''}
      @change=${(event: Event) => {
        const select = event.target as HTMLSelectElement;
        if (select.value) this.change({ [key]: [...chosen, select.value] });
        select.value = '';
      }}
    >
      <option value="">${name}</option>
      ${values
        .slice(0, MAX_CHOICES)
        .filter((value) => !chosen.includes(value))
        .map(
          (value) =>
            html`<option value=${value}>
              ${cutText(label(value), MAX_LABEL)} (${integer(counts.get(value) ?? 0)})
            </option>`,
        )}
      ${
        values.length > MAX_CHOICES
          ? html`<option disabled>
              ${t('and {0} more; type a part of the name', integer(values.length - MAX_CHOICES))}
            </option>`
          : nothing
      }
    </select>`;
  }
  private counted = new Map<string, { of: unknown; counts: Map<string, number> }>();
  private counts(
    key: string,
    of: (tensor: { dtype: string; role: string; module: string }) => string,
  ): Map<string, number> {
    const { rows } = this.view.model;
    const known = this.counted.get(key);
    if (known?.of === rows) return known.counts;
    const counts = new Map<string, number>();
    for (const { tensor } of rows) counts.set(of(tensor), (counts.get(of(tensor)) ?? 0) + 1);
    this.counted.set(key, { of: rows, counts });
    return counts;
  }
  private field(
    key: 'layers' | 'shape',
    name: string,
    example: string,
    error: string | undefined,
    hint: string,
  ): TemplateResult {
    return html`<label class="field"
      ><span>${name}</span
      ><input
        type="text"
        data-action="filter-${key}"
        placeholder=${example}
        title=${hint}
        spellcheck="false"
        .value=${this.view.ui.filter[key]}
        aria-invalid=${String(error !== undefined)}
        aria-describedby=${error === undefined ? nothing : `error-${key}`}
        @input=${(event: Event) => this.change({ [key]: (event.target as HTMLInputElement).value })}
      />${error === undefined ? nothing : html`<span class="wrong" id="error-${key}" role="alert">${error}</span>`}</label
    >`;
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
