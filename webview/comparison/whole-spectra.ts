/** The whole spectra of a comparison that ended with where its updates point: they are asked for, as they take many times that work. */
import { nothing, type TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { num } from '../shared/format.ts';
import { t } from '../shared/l10n.ts';
import type { View } from './view.ts';

/** Everything before the third stage is there, and nothing is under way. */
export const awaitsSpectra = ({ model }: Pick<View, 'model'>): boolean =>
  model.state?.phase === 'done' && model.state.parameters.spectra === 'leading' && model.needsWholeSpectra;

/** "Compute Spectra" with what it takes; nothing if they are there, or if what is on disk is not any more what was compared. */
export function spectraButton(view: View, style: 'primary' | 'link'): TemplateResult | typeof nothing {
  const { model, post } = view;
  if (!awaitsSpectra(view) || model.disk) return nothing;
  const { flops, wholeFlops } = model.state?.plan?.cost ?? { flops: 0 };
  const times = wholeFlops && flops > 0 ? wholeFlops / flops : null;
  return html`<button
      class=${style}
      data-action="compute-spectra"
      title=${t('All singular values of base, tuned and update, and how far the main directions turned. What is there stays.')}
      @click=${() => post({ type: 'computeSpectra' })}
    >
      ${t('Compute Spectra')}</button
    >${times === null ? nothing : html` <span class="ev">${t('about {0} times the work so far', num(times, 2))}</span>`}`;
}
