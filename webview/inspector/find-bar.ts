/** Below the toolbar: what the filters leave, and what the order of the list still needs. */
import { nothing, type TemplateResult } from 'lit';
import { bytes, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import './filters.ts';
import { chipsOf, NO_FILTER } from './find/filter.ts';
import { MIN_SIBLINGS, Z_THRESHOLD } from './find/outliers.ts';
import type { Wanting } from './finder.ts';
import { ICON } from './icons.ts';
import { mapMetric, type MapMetric } from './metrics.ts';
import { ViewElement } from './view.ts';

class FindBar extends ViewElement {
  protected override render(): TemplateResult {
    const { ui, finder } = this.view;
    return html`${ui.filters ? html`<ox-filters .view=${this.view} .version=${this.version}></ox-filters>` : nothing}
    ${this.summary()} ${ui.outliers ? this.rule() : nothing} ${finder.wanting ? this.wanting(finder.wanting) : nothing}`;
  }
  // ---------- what is left ----------
  private summary(): TemplateResult {
    const { model, finder, ui } = this.view;
    const chips = chipsOf(ui.filter);
    const shown = ui.outliers ? (finder.outliers?.found.length ?? 0) : finder.found.length;
    const all = model.rows.length;
    const some = chips.length > 0 || ui.outliers;
    return html`<div class=${some ? 'summary' : 'sr'}>
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
    </div>`;
  }
  private chip(id: string, text: string, remove: () => void): TemplateResult {
    return html`<button class="chip" data-chip=${id} title=${t('Remove this filter')} @click=${remove}>
      <span class="cut">${text}</span>${icon(ICON.close)}<span class="sr">${t('remove')}</span>
    </button>`;
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
  /** There as long as the order rests on a figure, known or not: the list stays where it is when the last value comes. */
  private wanting({ metric, known, unknown }: Wanting): TemplateResult {
    const { view } = this;
    const all = known + unknown.length;
    const [at, of] = [integer(known), integer(all)];
    const text =
      unknown.length === 0
        ? plural(all, '{1} is known of {0} tensor.', '{1} is known of {0} tensors.', of, metric.name)
        : view.ui.outliers
          ? t('{0} is known of {1} of {2} tensors; the others are not judged.', metric.name, at, of)
          : t('{0} is known of {1} of {2} tensors; the others stand last.', metric.name, at, of);
    return html`<div class="wanting small" data-state=${unknown.length ? 'wanting' : 'known'} role="status">
      <span class="cut" title=${text}>${text}</span>${unknown.length ? this.obtain(metric, unknown) : nothing}
    </div>`;
  }
  private obtain(metric: MapMetric, unknown: readonly string[]): TemplateResult | typeof nothing {
    const { view } = this;
    const { model } = view;
    const spectra = metric.of === 'spectrum';
    if (spectra ? model.isAnalyzing : view.isReadingValues)
      return spectra
        ? nothing
        : html`<button data-action="stop-reading" @click=${() => view.readValues([])}>${t('Cancel')}</button>`;
    return html`<button
      class="secondary"
      data-action="analyze-wanting"
      ?disabled=${model.disk !== null}
      @click=${() => (spectra ? view.post({ type: 'spectra', tensors: [...unknown] }) : view.readValues(unknown))}
    >
      ${
        spectra
          ? plural(unknown.length, 'Analyze {0} Matrix', 'Analyze {0} Matrices', integer(unknown.length))
          : plural(unknown.length, 'Read {0} Tensor', 'Read {0} Tensors', integer(unknown.length))
      }${model.isRemote ? ` (${bytes(model.bytesOf(unknown))})` : ''}
    </button>`;
  }
}
customElements.define('ox-find', FindBar);
