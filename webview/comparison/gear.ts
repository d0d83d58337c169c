/** The parameters of a comparison, behind a gear; a badge beside it names what is not as it is by default. */
import { LitElement, nothing, type TemplateResult } from 'lit';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../../src/protocol/results.ts';
import type { ParameterChange } from '../../src/protocol/views.ts';
import type { TermId } from '../shared/glossary.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { closePopover, placeAtButton } from '../shared/popover.ts';
import { icon } from '../shared/svg.ts';
import '../shared/term.ts';
import { define } from './view.ts';

const ICON = 0xeaf8;
const ID = 'parameters';

/** What is not as by default, each in a few letters. */
export function departures({
  alpha,
  maskRank,
  angleRank,
  includeEmbeddings,
  twin,
  spectra,
}: ComparisonParameters): string[] {
  return [
    ...(alpha === DEFAULT_PARAMETERS.alpha ? [] : [t('α {0}', alpha)]),
    ...(maskRank === null ? [] : [t('r {0}', maskRank)]),
    ...(angleRank === null ? [] : [t('k {0}', angleRank)]),
    ...(includeEmbeddings ? [t('embeddings')] : []),
    ...(spectra ? [] : [t('no spectra')]),
    ...(spectra === 'leading' ? [t('no whole spectra')] : []),
    // the page computes it unless it costs much or is turned off
    ...(twin || !spectra ? [] : [t('no noise to compare with')]),
  ];
}

/** Empty: as by default. Undefined: not a number. */
function numberIn(field: HTMLInputElement | null): number | null | undefined {
  if (!field) return undefined;
  const text = field.value.trim();
  if (text === '') return null;
  return Number.isFinite(Number(text)) && field.validity.valid ? Number(text) : undefined;
}

/** A page whose parameters can be set. */
interface GearView {
  readonly model: { readonly state: { readonly parameters: ComparisonParameters } | null };
  post(message: { type: 'parameters'; change: ParameterChange }): void;
}

class Gear extends LitElement {
  static override properties = { view: { attribute: false }, version: { attribute: false } };
  declare view: GearView;
  declare version: number;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
  protected override render(): TemplateResult | typeof nothing {
    const { state } = this.view.model;
    if (!state) return nothing;
    const { parameters } = state;
    const badges = departures(parameters);
    return html`<button
        data-action="parameters"
        popovertarget=${ID}
        title=${t('Parameters: α, r, k, embeddings, noise of the same size')}
        aria-label=${badges.length ? t('Parameters: {0}', badges.join(', ')) : t('Parameters')}
      >
        ${icon(ICON)}${badges.length ? html`<span class="badge" data-badge>${badges.join(', ')}</span>` : nothing}
      </button>
      <div id=${ID} class="pop" popover @beforetoggle=${placeAtButton} aria-label=${t('Parameters')} role="dialog">
        ${this.form(parameters)}
      </div>`;
  }

  private form({ alpha, maskRank, angleRank, includeEmbeddings, twin }: ComparisonParameters): TemplateResult {
    // no form: a webview's sandbox sends none, not even to the page itself
    return html`<div
      class="gear"
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Enter' && event.target instanceof HTMLInputElement) this.apply(event);
      }}
    >
      <h2>${t('Parameters')}</h2>
      ${this.number('alpha', t('Mask share, α'), 'whichChanged', String(alpha), t('0.3 by default'))}
      ${this.number('maskRank', t('Main directions, r'), 'direction', maskRank?.toString() ?? '', t('auto: min(64, q/8)'))}
      ${this.number('angleRank', t('Angles over k'), 'turn', angleRank?.toString() ?? '', t('auto: min(512, q/2)'))}
      ${this.check('twin', t('Noise of the same size'), 'twin', twin)}
      ${this.check('includeEmbeddings', t('Embeddings and output head'), null, includeEmbeddings)}
      <div class="row">
        <span class="grow"></span
        ><button
          type="button"
          class="secondary"
          data-action="defaults"
          @click=${(event: Event) => this.defaults(event)}
        >
          ${t('Defaults')}</button
        ><button class="primary" data-action="compare-again" @click=${(event: Event) => this.apply(event)}>
          ${t('Compare Again')}
        </button>
      </div>
    </div>`;
  }
  private number(name: string, label: string, term: TermId, value: string, note: string): TemplateResult {
    return html`<div class="field">
      <span><label for=${`parameter-${name}`}>${label}</label><ox-term term=${term} bare></ox-term></span>
      <input
        id=${`parameter-${name}`}
        name=${name}
        type="number"
        step=${name === 'alpha' ? 'any' : '1'}
        min=${name === 'alpha' ? '0.0001' : '1'}
        max=${name === 'alpha' ? '0.9999' : nothing}
        placeholder=${name === 'alpha' ? String(DEFAULT_PARAMETERS.alpha) : t('auto')}
        .value=${value}
      /><span class="quiet small">${note}</span>
    </div>`;
  }
  private check(name: string, label: string, term: TermId | null, value: boolean): TemplateResult {
    return html`<div class="field check">
      <input id=${`parameter-${name}`} name=${name} type="checkbox" .checked=${value} />
      <span
        ><label for=${`parameter-${name}`}>${label}</label
        >${term ? html`<ox-term term=${term} bare></ox-term>` : nothing}</span
      >
    </div>`;
  }

  /** A number that is out of range for some matrix is told by the engine, which knows them. */
  private apply(event: Event): void {
    const field = (name: string): HTMLInputElement | null => this.querySelector(`input[name="${name}"]`);
    const [alpha, maskRank, angleRank] = ['alpha', 'maskRank', 'angleRank'].map((name) => numberIn(field(name)));
    if (alpha === undefined || maskRank === undefined || angleRank === undefined) return;
    closePopover(event);
    this.compare({
      alpha: alpha ?? DEFAULT_PARAMETERS.alpha,
      maskRank,
      angleRank,
      twin: field('twin')?.checked ?? false,
      includeEmbeddings: field('includeEmbeddings')?.checked ?? false,
    });
  }
  private defaults(event: Event): void {
    closePopover(event);
    const { alpha, maskRank, angleRank, includeEmbeddings } = DEFAULT_PARAMETERS;
    this.compare({ alpha, maskRank, angleRank, includeEmbeddings, twin: true });
  }
  private compare(change: ParameterChange): void {
    const now = this.view.model.state?.parameters;
    const isOther = Object.entries(change).some(([name, value]) => now?.[name as keyof ParameterChange] !== value);
    if (isOther) this.view.post({ type: 'parameters', change });
  }
}
define('ox-gear', Gear);
