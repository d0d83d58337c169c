/** Both spectra with their difference, and the principal angles. */
import { nothing, type TemplateResult } from 'lit';
import type { MatrixDetail } from '../../src/protocol/engine.ts';
import { least } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { degrees, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { pictureName } from '../shared/picture.ts';
import type { Drawing, Mark, PlotPicture } from '../shared/plot.ts';
import { nss, wedin } from '../shared/readings.ts';
import { decades, key, linear, log, path, power, s, text } from '../shared/svg.ts';
import '../shared/plot.ts';
import { differences, SINGLE } from './curves.ts';

/** Height and margins of the small plots, CSS pixels. */
export const PLOT = { height: 152, pad: { l: 40, r: 8, t: 16, b: 20 } } as const;
const { height: HEIGHT, pad: PAD } = PLOT;
/** Least values drawn, relative to s1 and absolute. */
const FLOOR = 1e-7;

type Place = (v: number) => number;
export function axes(
  root: SVGElement,
  width: number,
  x: Place,
  y: Place,
  xTicks: readonly number[],
  yTicks: readonly number[],
): void {
  for (const v of yTicks) {
    root.append(
      s('path', { class: 'gr', d: `M${PAD.l} ${Math.round(y(v)) + 0.5}H${width - PAD.r}` }),
      text(PAD.l - 5, y(v) + 4, power(v), 'end'),
    );
  }
  for (const v of xTicks) root.append(text(x(v), HEIGHT - PAD.b + 13, String(v), 'middle'));
  root.append(s('path', { class: 'ax', d: `M${PAD.l} ${HEIGHT - PAD.b + 0.5}H${width - PAD.r}` }));
}
export const frame = (width: number, label: string): SVGElement =>
  s('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': label });
/** Powers of two up to n, thinned to what the width holds; n itself last. */
export function indexTicks(n: number, width: number): number[] {
  const all: number[] = [];
  for (let v = 1; v <= n; v *= 2) all.push(v);
  const step = Math.max(1, Math.ceil((all.length * 30) / width));
  return all.filter((_, i) => i % step === 0);
}

function spectrumPlot(width: number, tensor: ComparisonTensor, d: MatrixDetail): Drawing {
  const base = d.baseSingularValues;
  const tuned = d.tunedSingularValues;
  const root = frame(width, t('Singular values of base and tuned, and their difference, log-log'));
  const n = Math.max(base.length, tuned.length);
  const top = Math.max(base[0] ?? 0, tuned[0] ?? 0);
  if (!(top > 0) || n < 1) return { root, marks: [] };
  const marks = differences(base, tuned);
  const smallest = least(
    marks.map((m) => m.size),
    Math.min(base.at(-1) || top, tuned.at(-1) || top),
  );
  const lo = 10 ** Math.floor(Math.log10(Math.max(top * FLOOR, smallest)));
  const hi = top * 1.3;
  const x = log(1, Math.max(2, n), PAD.l, width - PAD.r);
  const y = log(lo, hi, HEIGHT - PAD.b, PAD.t);
  const decade = decades(lo, hi);
  const thin = Math.ceil(decade.length / 7);
  axes(
    root,
    width,
    x,
    y,
    indexTicks(n, width - PAD.l),
    decade.filter((_, i) => i % thin === 0),
  );
  const ranks = [
    [tensor.metrics.maskRank, 'r'],
    [tensor.metrics.angleRank, 'k'],
  ] as const;
  ranks.forEach(([rank, name], i) => {
    if (!rank) return;
    // if r and k lie close, one label stands left of its line and the other right
    const near = Math.abs(x(ranks[0][0] ?? 1) - x(ranks[1][0] ?? 1)) < 52;
    const anchor = near ? (i === 0 ? 'end' : 'start') : 'middle';
    root.append(
      s('path', { class: 'gr dash', d: `M${Math.round(x(rank)) + 0.5} ${PAD.t}V${HEIGHT - PAD.b}` }),
      text(x(rank), PAD.t - 4, `${name} = ${rank}`, anchor),
    );
  });
  const drawn = (values: readonly number[]): [number, number][] =>
    values.flatMap((v, i) => (v >= lo ? [[x(i + 1), y(v)] as [number, number]] : []));
  root.append(s('path', { class: 'l-base', d: path(drawn(base)) }));
  let last = -Infinity;
  for (const [cx, cy] of drawn(tuned)) {
    if (cx - last < 4) continue;
    last = cx;
    root.append(s('circle', { class: 'f-tuned', cx, cy, r: 1.8 }));
  }
  for (const m of marks) {
    if (m.size < lo) continue;
    const px = x(m.at).toFixed(1);
    const py = y(m.size);
    root.append(
      s('path', {
        class: m.up ? 'tri-up' : 'tri-down',
        d: m.up ? `M${px} ${(py - 2.6).toFixed(1)}l2.6 4.6h-5.2z` : `M${px} ${(py + 2.6).toFixed(1)}l2.6 -4.6h-5.2z`,
      }),
    );
  }
  return { root, marks: spectrumMarks(base, tuned, x, y, lo, n) };
}
/** One mark a value, thinned to what can be told apart. */
function spectrumMarks(
  base: readonly number[],
  tuned: readonly number[],
  x: Place,
  y: Place,
  lo: number,
  n: number,
): Mark[] {
  let last = -Infinity;
  return Array.from({ length: n }, (_, i) => i).flatMap((i): Mark[] => {
    const [before = null, after = null] = [base[i], tuned[i]];
    const value = Math.max(before ?? 0, after ?? 0);
    if (value < lo || x(i + 1) - last < 4) return [];
    last = x(i + 1);
    const difference = before === null || after === null ? null : after - before;
    return [
      {
        x: last,
        y: y(value),
        title: t('Singular value {0} of {1}', i + 1, n),
        rows: [
          [t('base'), num(before)],
          [t('tuned'), num(after)],
          [t('difference'), num(difference, 3), before && difference !== null ? percent(difference / before) : ''],
        ],
      },
    ];
  });
}

function anglePlot(width: number, d: MatrixDetail): Drawing {
  const root = frame(width, t('Principal angles in ascending order, degrees: left solid, right dashed'));
  const positive = [...d.anglesU, ...d.anglesV].filter((v) => v > 0);
  const k = Math.max(d.anglesU.length, d.anglesV.length);
  if (!positive.length || k < 1) {
    root.append(text(width / 2, HEIGHT / 2, k ? t('all angles are 0') : t('no subspace to compare'), 'middle'));
    return { root, marks: [] };
  }
  const lo = 10 ** Math.floor(Math.log10(Math.max(1e-6, least(positive))));
  const x = linear(1, Math.max(2, k), PAD.l, width - PAD.r);
  const y = log(lo, 100, HEIGHT - PAD.b, PAD.t);
  const ticks = [...new Set([1, k / 4, k / 2, (3 * k) / 4, k].map(Math.round))].filter((v) => v >= 1);
  axes(root, width, x, y, ticks, decades(lo, 100));
  root.append(
    s('path', { class: 'ax dash', d: `M${PAD.l} ${Math.round(y(90)) + 0.5}H${width - PAD.r}` }),
    text(width - PAD.r, y(90) + 11, '90°', 'end'),
  );
  const curve = (values: readonly number[]): string => path(values.map((v, i) => [x(i + 1), y(Math.max(v, lo))]));
  root.append(
    s('path', { class: 'l-tuned', d: curve(d.anglesU) }),
    s('path', { class: 'l-tuned dash', d: curve(d.anglesV) }),
  );
  const step = Math.max(1, Math.floor((4 * k) / width));
  const marks = Array.from({ length: k }, (_, i) => i)
    .filter((i) => i % step === 0 || i === k - 1)
    .map((i): Mark => ({
      x: x(i + 1),
      y: y(Math.max(lo, d.anglesU[i] ?? 0, d.anglesV[i] ?? 0)),
      title: t('Principal angle {0} of {1}', i + 1, k),
      rows: [
        [t('left'), degrees(d.anglesU[i] ?? null)],
        [t('right'), degrees(d.anglesV[i] ?? null)],
        [t('most attainable'), degrees(90)],
      ],
    }));
  return { root, marks };
}

const spectrumPicture = (tensor: ComparisonTensor, d: MatrixDetail): PlotPicture => ({
  name: pictureName(t('Singular values'), tensor.name),
  table: () => [
    [t('index'), t('base'), t('tuned'), t('update')],
    ...d.baseSingularValues.map((v, i) => [i + 1, v, d.tunedSingularValues[i], d.updateSingularValues[i]]),
  ],
});
const anglePicture = (tensor: ComparisonTensor, d: MatrixDetail): PlotPicture => ({
  name: pictureName(t('Principal angles'), tensor.name),
  table: () => [[t('index'), t('left'), t('right')], ...d.anglesU.map((v, i) => [i + 1, v, d.anglesV[i]])],
});
const triangle = (up: boolean): SVGElement =>
  s(
    'svg',
    { width: 10, height: 12, 'aria-hidden': 'true' },
    s('path', { class: up ? 'tri-up' : 'tri-down', d: up ? 'M5 2l4 7h-8z' : 'M5 10l4 -7h-8z' }),
  );
const dot = (): SVGElement =>
  s('svg', { width: 12, height: 12, 'aria-hidden': 'true' }, s('circle', { class: 'f-tuned', cx: 6, cy: 6, r: 2.5 }));

export function spectra(tensor: ComparisonTensor, detail: MatrixDetail | undefined): TemplateResult {
  const m = tensor.metrics;
  const limit = t('NSS {0} of at most {1}; angles over k = {2}', nss(m), percent(m.relativeUpdate), m.angleRank ?? '–');
  if (!detail) {
    return html`<section class="sect" data-section="spectra">
      <h2>${t('Spectra')} <small>${limit}</small></h2>
      <p class="small quiet">${t('The curves of this matrix are not kept; run the comparison again to draw them.')}</p>
    </section>`;
  }
  const binned = detail.baseSingularValues.length > SINGLE;
  return html`<section class="sect" data-section="spectra">
    <h2>${t('Spectra')} <small>${limit}</small></h2>
    <div class="two">
      <div>
        <div class="plot-title">${t('Singular values and |Δσ|, by index')}</div>
        <ox-plot
          .draw=${(w: number) => spectrumPlot(w, tensor, detail)}
          .picture=${spectrumPicture(tensor, detail)}
        ></ox-plot>
        <div class="keys">
          ${key('l-base', t('base'))}<span>${dot()}${t('tuned')}</span><span>${triangle(true)}Δσ &gt; 0</span
          ><span>${triangle(false)}Δσ &lt; 0</span
          >${binned ? html`<span title=${t('One marker a sign and bin, their root mean square')}>${t('past {0}: bins', SINGLE)}</span>` : nothing}
        </div>
      </div>
      <div>
        <div class="plot-title">${t('Principal angles, degrees, ascending')}</div>
        <ox-plot .draw=${(w: number) => anglePlot(w, detail)} .picture=${anglePicture(tensor, detail)}></ox-plot>
        <div class="keys">
          ${key('l-tuned', t('left'))}${key('l-tuned dash', t('right'))}<span>${t('Wedin: {0}', wedin(m))}</span>
        </div>
      </div>
    </div>
  </section>`;
}
