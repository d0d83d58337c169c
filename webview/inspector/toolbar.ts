/** The one bar over the list or the map: view, search, filters, figure, groups, outliers, and the analysis with its progress. */
import { nothing, type TemplateResult } from 'lit';
import { duration, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { chipsOf, type Filter } from './find/filter.ts';
import { ICON } from './icons.ts';
import { metricPicker } from './map.ts';
import { mapMetric } from './metrics.ts';
import type { Grouping } from './rows.ts';
import type { View } from './view.ts';

export function toolbar(view: View): TemplateResult {
  const { model, ui, set } = view;
  const tab = (which: 'tensors' | 'spectra', name: string): TemplateResult =>
    html`<button data-view=${which} aria-pressed=${String(ui.view === which)} @click=${() => set({ view: which })}>
      ${name}
    </button>`;
  const isTable = ui.view === 'tensors';
  const matrices = model.blockMatrices.length;
  return html`<div class=${isTable ? 'toolbar list' : 'toolbar'}>
    <div class="switch" role="group" aria-label=${t('View')}>
      ${tab('tensors', t('Tensors'))}${tab('spectra', t('Spectra'))}
    </div>
    ${isTable ? search(view) : nothing} ${metricPicker(ui.metric, (metric) => pickMetric(view, metric))}
    ${isTable ? html`${ui.outliers ? nothing : grouping(view)}${outliers(view)}` : nothing}
    <span class="grow"></span>
    ${!isTable && matrices ? asTable(view) : nothing} ${model.progress ? progress(view) : analyze(view, matrices)}
  </div>`;
}

/** The list stays in the order of the figure that it is ordered by. */
export function pickMetric({ ui, set }: View, id: string): void {
  const metric = mapMetric(id).id;
  const follows = ui.sort !== null && ui.sort.key === ui.metric;
  set({ metric, ...(follows && ui.sort ? { sort: { ...ui.sort, key: metric } } : {}) });
}

function search(view: View): TemplateResult {
  const { ui, set, finder } = view;
  const { filter } = ui;
  const error = finder.errors.text;
  const active = chipsOf(filter).filter(({ id }) => id !== 'text').length;
  const change = (part: Partial<Filter>): void => set({ filter: { ...filter, ...part } });
  return html`<span class="search"
      ><input
        type="search"
        placeholder=${filter.regex ? t('Regular expression ( / )') : t('Filter tensors by name ( / )')}
        aria-label=${t('Filter tensors by name')}
        data-action="filter"
        spellcheck="false"
        .value=${filter.text}
        aria-invalid=${String(error !== undefined)}
        aria-describedby=${error === undefined ? nothing : 'error-text'}
        @input=${(event: Event) => change({ text: (event.target as HTMLInputElement).value })}
        @keydown=${(event: KeyboardEvent) => searchKey(view, event)}
      /><button
        data-action="regex"
        aria-pressed=${String(filter.regex)}
        aria-label=${t('Use Regular Expression')}
        title=${t('Use Regular Expression')}
        @click=${() => change({ regex: !filter.regex })}
      >
        ${icon(ICON.regex)}</button
      >${error === undefined ? nothing : html`<span class="wrong" id="error-text" role="alert">${error}</span>`}</span
    ><button
      data-action="filters"
      aria-expanded=${String(ui.filters)}
      aria-label=${active ? `${t('Filters')} ${active}` : t('Filters')}
      title=${t('By type, role, module, layers, shape and problems')}
      @click=${() => set({ filters: !ui.filters })}
    >
      ${icon(ICON.filter)}<span class="wide">${t('Filters')}</span>${active ? html` <b>${active}</b>` : nothing}
    </button>`;
}
function searchKey(view: View, event: KeyboardEvent): void {
  const { ui, set, focus } = view;
  if (event.key === 'Escape' && ui.filter.text) set({ filter: { ...ui.filter, text: '' } });
  else if (event.key === 'ArrowDown' || event.key === 'Enter' || event.key === 'Escape') focus('list');
  else return;
  event.preventDefault();
}

/** A sorted list has no groups; choosing some ends its order. */
function grouping(view: View): TemplateResult {
  const { ui, set, finder } = view;
  const chosen = ui.sort ? '' : ui.grouping;
  const option = (value: Grouping | '', name: string): TemplateResult =>
    html`<option value=${value} ?selected=${value === chosen}>${name}</option>`;
  const groups = ui.sort || ui.grouping === 'none' ? [] : finder.groups;
  const closed = groups.length > 0 && groups.every((group) => ui.closed.includes(group));
  const choose = (event: Event): void => {
    const value = (event.target as HTMLSelectElement).value as Grouping | '';
    if (value) set({ grouping: value, sort: null, group: null, scroll: 0 });
  };
  return html`<select data-action="group-by" aria-label=${t('Group')} .value=${chosen} @change=${choose}>
      ${ui.sort ? option('', t('Sorted')) : nothing} ${option('layer', t('By layer'))}
      ${option('module', t('By module'))} ${option('none', t('In one list'))}</select
    ><button
      data-action="collapse-all"
      ?disabled=${groups.length === 0}
      aria-label=${closed ? t('Expand All') : t('Collapse All')}
      title=${closed ? t('Expand All') : t('Collapse All')}
      @click=${() => set({ closed: closed ? [] : groups, scroll: 0 })}
    >
      ${icon(closed ? ICON.expandAll : ICON.collapseAll)}
    </button>`;
}

function outliers(view: View): TemplateResult {
  const { ui, set } = view;
  const { name } = mapMetric(ui.metric);
  return html`<button
    data-action="outliers"
    aria-pressed=${String(ui.outliers)}
    aria-label=${t('Outliers')}
    title=${t('Tensors whose figure “{0}” stands apart from that of their siblings, the same module in other layers', name)}
    @click=${() => set({ outliers: !ui.outliers, everyOutlier: false, sort: null, scroll: 0 })}
  >
    ${icon(ICON.pulse)}<span class="wide">${t('Outliers')}</span>
  </button>`;
}

function asTable({ ui, set }: View): TemplateResult {
  return html`<button
    data-action="table"
    aria-pressed=${String(ui.table)}
    title=${t('Show the same values as a table')}
    @click=${() => set({ table: !ui.table })}
  >
    ${icon(ICON.table)}${t('Table')}
  </button>`;
}

function analyze({ model, ui, set, post }: View, matrices: number): TemplateResult | typeof nothing {
  if (!matrices) return nothing;
  const isFirst = ui.view === 'spectra' && !model.spectra.size;
  const done = model.blockMatrices.every(({ tensor }) => model.spectra.has(tensor.name));
  return html`<button
    class=${isFirst ? 'primary' : 'secondary'}
    data-action="analyze"
    ?disabled=${done || model.disk !== null}
    title=${
      done
        ? t('All {0} block matrices are analyzed', integer(matrices))
        : t('Compute the singular values of {0} block matrices', integer(matrices))
    }
    @click=${() => {
      set({ view: 'spectra' });
      post({ type: 'spectra', tensors: [] });
    }}
  >
    <span class="wide">${t('Analyze Spectra')}</span><span class="narrow">${t('Analyze')}</span>
  </button>`;
}
/** In the place of the button that began it: nothing below moves, neither at the start nor at the end. */
function progress({ model, post }: View): TemplateResult | typeof nothing {
  if (!model.progress) return nothing;
  const { phase, done, total, secondsLeft } = model.progress;
  const [at, of] = [integer(done), integer(total)];
  const left = secondsLeft === null ? null : duration(secondsLeft);
  const whole =
    phase === 'spectra'
      ? left === null
        ? t('{0} of {1} matrices', at, of)
        : t('{0} of {1} matrices, about {2} left', at, of, left)
      : left === null
        ? t('{0} of {1} tensors', at, of)
        : t('{0} of {1} tensors, about {2} left', at, of, left);
  return html`<span class="running" data-state="running"
    ><span class="small" title=${whole}>${left === null ? whole : t('{0} of {1}, {2}', at, of, left)}</span
    ><button data-action="cancel" @click=${() => post({ type: 'cancel' })}>${t('Cancel')}</button></span
  >`;
}
