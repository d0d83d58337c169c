/** The row above the map: the tab's figure, large, beside what noise gives and what it can't pass. */
import { nothing, type TemplateResult } from 'lit';
import { exact } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import '../shared/plot.ts';
import '../shared/term.ts';
import { log, s } from '../shared/svg.ts';
import './legend.ts';
import { keyFigure, type Gauge, type KeyFigure } from './key-values.ts';
import { CostlyElement, define } from './view.ts';
import { awaitsSpectra, spectraButton } from './whole-spectra.ts';

class KeyRow extends CostlyElement {
  protected override content(): TemplateResult {
    const { model, ui } = this.view;
    const found = keyFigure(model, ui);
    return html`<div class="keyfig" data-key=${ui.tab}>
      ${found ? this.row(found) : this.nothingYet()}<span class="grow"></span
      ><ox-legend .view=${this.view} .version=${this.version}></ox-legend>
    </div>`;
  }

  private nothingYet(): TemplateResult {
    const { state, tensors } = this.view.model;
    const text =
      state?.phase === 'running'
        ? t('Waiting for the first figures.')
        : tensors.size === 0
          ? t('Nothing is computed yet.')
          : state?.parameters.spectra === false && this.view.ui.tab !== 'size'
            ? t('Not computed: this run leaves spectra out.')
            : awaitsSpectra(this.view) && this.view.ui.tab === 'spectrum'
              ? t('This question needs the whole spectra.')
              : t('No matrix that changed has this figure.');
    const offer = this.view.ui.tab === 'spectrum' ? spectraButton(this.view, 'link') : nothing;
    return html`<span class="quiet">${text}</span>${offer}`;
  }

  private row({ name, term, scope, value, exact: number, gauge, beside, most, needsTwin }: KeyFigure): TemplateResult {
    const { set, post } = this.view;
    return html`<span class="kn"
        >${term ? html`<ox-term term=${term} .label=${name}></ox-term>` : name}${scope ? html`<span class="quiet small">${scope}</span>` : nothing}</span
      ><span class="kv" data-key-value=${String(number)} data-noise=${String(gauge?.noise)} title=${exact(number)}
        >${value}</span
      >${
        gauge ? html`<ox-plot class="kb" .draw=${(width: number) => drawGauge(width, gauge)}></ox-plot>` : nothing
      }${beside.map(
        ({ text, term: of }) =>
          html`<span class="kr">${text}${of ? html`<ox-term term=${of} bare></ox-term>` : nothing}</span>`,
      )}${
        most
          ? html`<span class="kr"
              >${most.what}
              <button
                class="link"
                data-action="most"
                @click=${() => {
                  const { layer, module, name: member } = most.pair;
                  if (layer !== null) set({ cell: { layer, module }, member });
                }}
              >
                ${most.text}
              </button></span
            >`
          : nothing
      }${
        needsTwin
          ? html`<button
              class="link"
              data-action="compute-twin"
              @click=${() => post({ type: 'parameters', change: { twin: true } })}
            >
              ${t('Compute noise of the same size')}
            </button>`
          : nothing
      }`;
  }
}
define('ox-key-figure', KeyRow);

const HEIGHT = 18;
const MIDDLE = 9;
/** Room for the dot at either end. */
const PAD = 4;

/** Value, noise with its band, and limit on a logarithmic axis; the bar from the noise to the value is what noise does not explain. */
export function drawGauge(width: number, gauge: Gauge): SVGSVGElement {
  const { value, noise, band, limit, domain, direction, label } = gauge;
  const [lo, hi] = domain;
  const place = log(lo, hi, PAD, width - PAD);
  const x = (v: number): number => place(Math.min(hi, Math.max(lo, v)));
  const line = (v: number, name: string): SVGElement =>
    s('path', { class: name, d: `M${Math.round(x(v)) + 0.5} 0V${HEIGHT}` });
  const root = s('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': label });
  root.append(s('rect', { class: 'b-track', x: 0, y: MIDDLE - 1.5, width, height: 3 }));
  if (noise !== null && band !== null) {
    const from = x(noise / band);
    root.append(s('rect', { class: 'b-band', x: from, y: 4, width: x(noise * band) - from, height: 10 }));
  }
  const from = x(noise ?? lo);
  root.append(
    s('rect', {
      class: `b-dev${direction ? ` f-${direction}` : ' f-tuned'}`,
      x: Math.min(from, x(value)),
      y: MIDDLE - 2.5,
      width: Math.max(0.5, Math.abs(x(value) - from)),
      height: 5,
    }),
  );
  if (noise !== null) root.append(line(noise, 'b-null'));
  if (limit !== null) root.append(line(limit, 'b-null2'));
  root.append(s('circle', { class: 'b-val', cx: x(value), cy: MIDDLE, r: 4.5 }));
  return root;
}
