/** The slider of steps: it moves every map, on one scale. */
import { nothing, type TemplateResult } from 'lit';
import { define } from '../comparison/view.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { SeveralElement, stepOf } from './view.ts';

class StepSlider extends SeveralElement {
  protected override render(): TemplateResult | typeof nothing {
    const { model, set } = this.view;
    const { runs } = model;
    if (model.kind !== 'steps' || !runs.length) return nothing;
    const at = stepOf(this.view);
    const { step, name } = runs[at] ?? {};
    const last = runs.at(-1);
    return html`<div class="stepbar">
      <label for="step">${t('Step')}</label
      ><input
        id="step"
        type="range"
        min="0"
        max=${runs.length - 1}
        step="1"
        .value=${String(at)}
        aria-valuetext=${name ?? ''}
        title=${t('Arrow keys here, or , and . anywhere')}
        @input=${(event: Event) => set({ step: Number((event.target as HTMLInputElement).value) })}
      /><b class="num" data-step=${step ?? ''}>${step ?? name}</b
      ><span class="quiet small"
        >${t('of {0}; the maps show this step, on one scale for all steps', last?.step ?? '')}</span
      >
    </div>`;
  }
}
define('ox-step-slider', StepSlider);
