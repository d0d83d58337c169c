/** The legend of the map: its colours with what noise or one rounding gives as a tick, and the signs of the cells at hand. */
import { nothing, type TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { legendRamp } from '../shared/heatmap.ts';
import { pictureAt, type Sign } from './panels.ts';
import { define, ViewElement } from './view.ts';

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

class Legend extends ViewElement {
  protected override render(): TemplateResult {
    const { signs, endLabels, tick } = pictureAt(this.view, this.version);
    return html`<div class="legend">
      <span class="ramp"
        ><span>${endLabels[0]}</span
        ><span class="rampc"
          ><canvas aria-hidden="true"></canvas
          >${tick === null ? nothing : html`<i class="tick" .style=${`left: ${tick * RAMP - 1}px`}></i>`}</span
        ><span>${endLabels[1]}</span></span
      >
      ${SIGNS.filter(([sign]) => signs.has(sign)).map(
        ([sign, text]) =>
          html`<span class="sign" data-sign=${sign}
            ><span class="swatch ${sign}">${text}</span>${signWord(sign)}</span
          >`,
      )}
    </div>`;
  }
  protected override updated(): void {
    const ramp = this.querySelector<HTMLCanvasElement>('.rampc canvas');
    if (ramp) legendRamp(ramp, pictureAt(this.view, this.version).scale, RAMP);
  }
}
define('ox-legend', Legend);
