/** The noise twin on the page: its switch, and its mark beside a figure. */
import { nothing, type TemplateResult } from 'lit';
import type { CardRow } from '../shared/hover-card.ts';
import { times } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { key, type NullMark } from '../shared/svg.ts';
import { overNoise } from './over-noise.ts';
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
      @change=${() => post({ type: 'parameters', change: { twin: !on } })}
    />${t('Beside noise of the same size')}</label
  >`;
}

/** "x 0.65 of noise of the same size"; empty if there is no ratio. */
export function overNoiseText(value: unknown, noise: unknown): string {
  const ratio = overNoise(value, noise);
  return ratio === null ? '' : t('{0} of noise of the same size', times(ratio));
}
/** A figure of noise of the same size as a drawing needs it; all of it empty without a twin. */
export interface TwinParts {
  nulls: { v: number; kind: NullMark }[];
  rows: CardRow[];
  key: HTMLSpanElement | typeof nothing;
}
/** `format`: of both values. */
export function twinParts(
  value: number | null,
  noise: number | null | undefined,
  format: (value: number) => string,
): TwinParts {
  if (noise === null || noise === undefined) return { nulls: [], rows: [], key: nothing };
  const ratio = overNoise(value, noise);
  return {
    nulls: [{ v: noise, kind: 'twin' }],
    rows: [[t('noise of the same size'), format(noise), ratio === null ? '' : times(ratio)]],
    key: key('twin', t('noise of the same size {0}', format(noise))),
  };
}
