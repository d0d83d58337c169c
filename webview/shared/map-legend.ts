/** The legend of a map: its colours with what noise or one rounding gives as a tick, and the signs of the cells at hand. */
import { nothing, type TemplateResult } from 'lit';
import { legendRamp, type CellStatus, type Scale } from './heatmap.ts';
import { html } from './html.ts';
import { t } from './l10n.ts';

/** What a legend explains besides the colours. */
export type Sign = Exclude<CellStatus, 'done'> | 'null' | 'small' | 'below' | 'beyond' | 'most';
export interface Legend {
  scale: Scale;
  /** words at the two ends of the ramp */
  endLabels: readonly [string, string];
  /** where noise, or one rounding, lies on the ramp, 0 to 1; null: not on it */
  tick: number | null;
  signs: ReadonlySet<Sign>;
}

const RAMP = 140;
/** In this order; each with the text that stands in its cell. */
const SIGNS: readonly (readonly [Sign, string])[] = [
  ['nan', 'NaN'],
  ['absent', '–'],
  ['reshaped', '≠'],
  ['failed', '!'],
  ['pending', ''],
  ['same', '='],
  ['null', 'n/a'],
  ['untouched', ''],
  ['small', ''],
  ['below', ''],
  ['beyond', ''],
  ['most', ''],
];
function signWord(sign: Sign): string {
  switch (sign) {
    case 'nan':
      return t('NaN or infinite');
    case 'absent':
      return t('missing');
    case 'reshaped':
      return t('reshaped');
    case 'failed':
      return t('failed');
    case 'pending':
      return t('pending');
    case 'same':
      return t('unchanged');
    case 'null':
      return t('not defined');
    case 'untouched':
      return t('untouched');
    case 'small':
      return t('too small to say');
    case 'below':
      return t('under one rounding');
    case 'beyond':
      return t('beyond the scale');
    case 'most':
      return t('largest of several');
  }
}

export const legendContent = ({ endLabels, tick, signs }: Omit<Legend, 'scale'>): TemplateResult =>
  html`<div class="legend">
    <span class="ramp"
      ><span>${endLabels[0]}</span
      ><span class="rampc"
        ><canvas aria-hidden="true"></canvas
        >${tick === null ? nothing : html`<i class="tick" .style=${`left: ${tick * RAMP - 1}px`}></i>`}</span
      ><span>${endLabels[1]}</span></span
    >
    ${SIGNS.filter(([sign]) => signs.has(sign)).map(
      ([sign, text]) =>
        html`<span class="sign" data-sign=${sign}><span class="swatch ${sign}">${text}</span>${signWord(sign)}</span>`,
    )}
  </div>`;
/** Paints the ramp of a legend that is on the page in `host`. */
export function paintRamp(host: Element, scale: Scale): void {
  const ramp = host.querySelector<HTMLCanvasElement>('.rampc canvas');
  if (ramp) legendRamp(ramp, scale, RAMP);
}
