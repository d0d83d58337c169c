/** The noise twin on the page: its switch, and its mark beside a figure. */
import { nothing, type TemplateResult } from 'lit';
import { times } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import type { View } from './view.ts';

/** Whether figures are compared with those of noise of the same size; another choice computes them anew. */
export function twinSwitch({ model, post }: View): TemplateResult {
  const on = model.state?.parameters.twin ?? false;
  return html`<label
    class="twin-switch"
    title=${t('What noise of this size, stored like this, would have done: one draw, about two thirds more work.')}
    ><input
      type="checkbox"
      data-twin
      .checked=${on}
      @change=${() => post({ type: 'twin', twin: !on })}
    />${t('Beside noise of the same size')}</label
  >`;
}

/** "x 0.65 of noise of the same size" beside a figure; nothing without a twin, or if the two have no ratio. */
export function twinMark(value: unknown, noise: unknown): TemplateResult | typeof nothing {
  if (typeof value !== 'number' || typeof noise !== 'number' || !(value / noise > 0 && Number.isFinite(value / noise)))
    return nothing;
  return html`<span class="quiet" data-twin-mark>${t('{0} of noise of the same size', times(value / noise))}</span>`;
}
