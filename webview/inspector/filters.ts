/** The filters that narrow the list: by type, role and module, by layers and shape, by problems. */
import { nothing, type TemplateResult } from 'lit';
import { cutText, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { type Filter, ROLE_NAMES, ROLES } from './find/filter.ts';
import { ViewElement } from './view.ts';

/** Values that a list offers, and characters of each. */
const MAX_CHOICES = 300;
const MAX_LABEL = 120;

class Filters extends ViewElement {
  protected override render(): TemplateResult {
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
  private change(part: Partial<Filter>): void {
    this.view.set({ filter: { ...this.view.ui.filter, ...part } });
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
}
customElements.define('ox-filters', Filters);
