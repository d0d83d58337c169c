/** "Against noise": five figures of one matrix as factors over what noise gives, on one axis with one tick. */
import { nothing, type TemplateResult } from 'lit';
import { angleOverNoise, meanAngle, rankOverNoise, shiftOverNoise } from '../../src/answer/noise.ts';
import type { ComparisonMetrics, ComparisonTensor } from '../../src/protocol/results.ts';
import { energyRatio, energyVerdict, energyZone, maskVerdict } from '../../src/metrics/verdict.ts';
import { degrees, num, percent, times } from '../shared/format.ts';
import type { TermId } from '../shared/glossary.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import '../shared/plot.ts';
import type { Drawing } from '../shared/plot.ts';
import { nss } from '../shared/readings.ts';
import { s } from '../shared/svg.ts';
import '../shared/term.ts';
import { LIKE_NOISE } from './key-values.ts';
import { clears } from './ranking.ts';

/** Ends of the axis: 1/64 and 64. */
const REACH = 64;
const HEIGHT = 16;

export interface NoiseRow {
  name: string;
  /** of the glossary */
  term: TermId;
  value: string;
  /** over noise of the same size; of the main directions over a random one, of the main entries over rounding noise */
  factor: number | null;
  /** what the figure of noise is, if it has one */
  noise: string;
  clear: -1 | 0 | 1;
  /** factors that are like noise */
  band: readonly [number, number];
}
const BAND = [1 / LIKE_NOISE, LIKE_NOISE] as const;

/** The five rows; those that need noise of the same size have no factor without it. */
export function noiseRows(tensor: ComparisonTensor): NoiseRow[] {
  const { metrics: m } = tensor;
  const { twin } = m;
  const row = (given: Omit<NoiseRow, 'clear' | 'band'> & Partial<NoiseRow>): NoiseRow => ({
    clear: clears(given.factor),
    band: BAND,
    ...given,
  });
  const rank = m.updateStableRank ?? null;
  const angle = meanAngle(m);
  return [
    directions(m),
    ...(m.principalOverlap == null ? [] : [entries(m)]),
    row({
      name: t('Rank of the update'),
      term: 'updateRank',
      value: num(rank, 3),
      factor: rankOverNoise(tensor) ?? null,
      noise: num(twin?.updateStableRank ?? null, 3),
    }),
    row({
      name: t('Spectrum shift'),
      term: 'spectrumShift',
      value: nss(m),
      factor: shiftOverNoise(tensor) ?? null,
      noise: percent(twin?.nss ?? null),
    }),
    row({
      name: t('Turn, mean'),
      term: 'turn',
      value: degrees(angle),
      factor: angleOverNoise(tensor) ?? null,
      noise: degrees(twin ? meanAngle(twin) : null),
    }),
  ];
}
function directions(m: ComparisonMetrics): NoiseRow {
  const verdict = energyVerdict(m);
  const zone = m.maskRank === undefined ? null : energyZone(m.maskRank);
  return {
    name: t('Main directions'),
    term: 'direction',
    value: percent(m.jointEnergy),
    factor: energyRatio(m),
    noise: t('random {0}', percent(m.jointEnergyBaseline)),
    clear: verdict === 'on' ? 1 : verdict === 'off' ? -1 : 0,
    band: zone ? [zone.low, zone.high] : [1 / REACH, REACH],
  };
}
function entries(m: ComparisonMetrics): NoiseRow {
  const verdict = maskVerdict(m);
  return {
    name: t('Main entries'),
    term: 'whichChanged',
    value: percent(m.principalOverlap),
    factor: m.principalLift ?? null,
    noise: percent(m.principalNull),
    clear: verdict === 'on' ? 1 : verdict === 'off' ? -1 : 0,
    band: BAND,
  };
}

/** Where a factor lies on an axis of this width, pixels: logarithmic, held within its ends. */
export const place = (factor: number, width: number): number =>
  width / 2 + (Math.max(-1, Math.min(1, Math.log(factor) / Math.log(REACH))) * (width - 8)) / 2;

function rowPlot(width: number, row: NoiseRow): Drawing {
  const x = (factor: number): number => place(factor, width);
  const label = t('{0}: {1}, {2} of noise', row.name, row.value, times(row.factor));
  const root = s('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': label });
  const [lo, hi] = row.band;
  root.append(
    s('rect', { class: 'b-track', x: 0, y: 6.5, width, height: 3 }),
    s('rect', { class: 'b-band', x: x(lo), y: 3, width: x(hi) - x(lo), height: 10 }),
  );
  const { factor } = row;
  const isShown = factor !== null && factor > 0;
  if (isShown)
    root.append(
      s('rect', {
        class: `b-dev${row.clear > 0 ? ' f-on' : row.clear < 0 ? ' f-off' : ''}`,
        x: Math.min(x(1), x(factor)),
        y: 5.5,
        width: Math.max(0.5, Math.abs(x(factor) - x(1))),
        height: 5,
      }),
    );
  root.append(s('path', { class: 'b-null', d: `M${Math.round(x(1)) + 0.5} 0V${HEIGHT}` }));
  if (!isShown) return { root, marks: [] };
  root.append(s('circle', { class: 'b-val', cx: x(factor), cy: HEIGHT / 2, r: 4 }));
  const rows = [
    [t('value'), row.value],
    [t('noise'), row.noise],
    [t('factor'), times(factor)],
  ] as const;
  return { root, marks: [{ x: x(factor), y: HEIGHT / 2, title: row.name, rows }] };
}

/** `offer`: computes noise of the same size; null if it is there, or cannot be. */
export function againstNoise(tensor: ComparisonTensor, offer: (() => void) | null): TemplateResult {
  const factorTitle = t(
    'Over noise of the same size; main directions over a random direction, main entries over rounding noise',
  );
  return html`<section class="sect" data-section="noise">
    <div class="an">
      <span class="hd">${t('against noise')}</span
      ><span class="hd an-ax" aria-hidden="true"><span>1/64</span><span>1</span><span>64</span></span
      ><span class="hd num">${t('value')}</span><span class="hd num" title=${factorTitle}>${t('factor')}</span>
      ${noiseRows(tensor).map(
        (row) =>
          html`<span class="an-name"><ox-term term=${row.term} .label=${row.name}></ox-term></span
            ><ox-plot .draw=${(width: number) => rowPlot(width, row)}></ox-plot><span class="num">${row.value}</span
            ><span class="num" data-factor>${row.factor === null ? '–' : times(row.factor, 2)}</span>`,
      )}
    </div>
    ${
      offer
        ? html`<p class="small quiet">
            ${t('Rank, spectrum and turn need noise of the same size.')}
            <button class="link" data-action="compute-twin" @click=${offer}>${t('Compute it')}</button>
          </p>`
        : nothing
    }
  </section>`;
}
