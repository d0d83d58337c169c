/** The spectra of base, tuned and update, and the angles between the main directions. */
import { nothing, type TemplateResult } from 'lit';
import type { MatrixDetail } from '../../src/protocol/engine.ts';
import { LARGEST_ANGLE } from '../../src/metrics/headlines.ts';
import { greatest, least } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { degrees, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { pictureName } from '../shared/picture.ts';
import type { Drawing, Mark, PlotPicture } from '../shared/plot.ts';
import { decades, key, linear, log, path, power, s, text } from '../shared/svg.ts';
import '../shared/plot.ts';

/** Height and margins of the small plots, CSS pixels. */
export const PLOT = { height: 138, pad: { l: 36, r: 6, t: 16, b: 18 } } as const;
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
  const update = d.updateSingularValues;
  const root = frame(width, t('Singular values of base, tuned and update, log-log'));
  const n = Math.max(base.length, tuned.length, update.length);
  const top = greatest([base[0] ?? 0, tuned[0] ?? 0, update[0] ?? 0], 0);
  if (!(top > 0) || n < 1) return { root, marks: [] };
  const smallest = least(
    [base, tuned, update].flatMap((values) => values.filter((value) => value > 0)),
    top,
  );
  const lo = 10 ** Math.floor(Math.log10(Math.max(top * FLOOR, smallest)));
  const hi = top * 1.3;
  const x = log(1, Math.max(2, n), PAD.l, width - PAD.r);
  const y = log(lo, hi, HEIGHT - PAD.b, PAD.t);
  const decade = decades(lo, hi);
  const thin = Math.ceil(decade.length / 6);
  axes(
    root,
    width,
    x,
    y,
    indexTicks(n, width - PAD.l),
    decade.filter((_, i) => i % thin === 0),
  );
  const { maskRank } = tensor.metrics;
  if (maskRank) {
    const label = t('main {0}', maskRank);
    root.append(
      s('path', { class: 'gr dash', d: `M${Math.round(x(maskRank)) + 0.5} ${PAD.t}V${HEIGHT - PAD.b}` }),
      text(x(maskRank), PAD.t - 4, label, x(maskRank) > width - 30 ? 'end' : 'middle'),
    );
  }
  const drawn = (values: readonly number[]): [number, number][] =>
    values.flatMap((v, i) => (v >= lo ? [[x(i + 1), y(v)] as [number, number]] : []));
  root.append(
    s('path', { class: 'l-base', d: path(drawn(base)) }),
    s('path', { class: 'l-fg dash', d: path(drawn(update)) }),
  );
  let last = -Infinity;
  for (const [cx, cy] of drawn(tuned)) {
    if (cx - last < 4) continue;
    last = cx;
    root.append(s('circle', { class: 'f-tuned', cx, cy, r: 1.8 }));
  }
  return { root, marks: spectrumMarks(d, x, y, lo, n) };
}
/** One mark a value, thinned to what can be told apart. */
function spectrumMarks(d: MatrixDetail, x: Place, y: Place, lo: number, n: number): Mark[] {
  const { baseSingularValues: base, tunedSingularValues: tuned, updateSingularValues: update } = d;
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
          ...(update[i] === undefined ? [] : [[t('update'), num(update[i], 3)] as const]),
        ],
      },
    ];
  });
}

function anglePlot(width: number, d: MatrixDetail, noise: number | null): Drawing {
  const root = frame(width, t('Angles of the main directions in ascending order, degrees: output solid, input dashed'));
  const positive = [...d.anglesU, ...d.anglesV].filter((v) => v > 0);
  const k = Math.max(d.anglesU.length, d.anglesV.length);
  if (!positive.length || k < 1) {
    root.append(text(width / 2, HEIGHT / 2, k ? t('all angles are 0') : t('no directions to compare'), 'middle'));
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
  if (noise !== null && noise >= lo)
    root.append(s('path', { class: 'l-base', d: `M${PAD.l} ${Math.round(y(noise)) + 0.5}H${width - PAD.r}` }));
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
      title: t('Angle {0} of {1}', i + 1, k),
      rows: [
        [t('output'), degrees(d.anglesU[i] ?? null)],
        [t('input'), degrees(d.anglesV[i] ?? null)],
        ...(noise === null ? [] : [[t('noise’s largest'), degrees(noise)] as const]),
        [t('at most'), degrees(90)],
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
  name: pictureName(t('Angles of the main directions'), tensor.name),
  table: () => [[t('index'), t('output'), t('input')], ...d.anglesU.map((v, i) => [i + 1, v, d.anglesV[i]])],
});
const dot = (): SVGElement =>
  s('svg', { width: 12, height: 12, 'aria-hidden': 'true' }, s('circle', { class: 'f-tuned', cx: 6, cy: 6, r: 2.5 }));

/** Without the curves, which a restored comparison may not have, words. */
export function singularValues(tensor: ComparisonTensor, detail: MatrixDetail | undefined): TemplateResult {
  return html`<section class="plot" data-section="spectra">
    <h3 class="plot-title">${t('Singular values')}</h3>
    ${
      detail
        ? html`<ox-plot
              .draw=${(w: number) => spectrumPlot(w, tensor, detail)}
              .picture=${spectrumPicture(tensor, detail)}
            ></ox-plot>
            <div class="keys">
              ${key('l-base', t('base'))}<span>${dot()}${t('tuned')}</span>${key('l-fg dash', t('update'))}
            </div>`
        : html`<p class="small quiet">
            ${t('The curves of this matrix are not kept; run the comparison again to draw them.')}
          </p>`
    }
  </section>`;
}
export function angles(tensor: ComparisonTensor, detail: MatrixDetail | undefined): TemplateResult | typeof nothing {
  if (!detail) return nothing;
  const { twin } = tensor.metrics;
  const noise = twin ? LARGEST_ANGLE.of(twin) : null;
  return html`<section class="plot" data-section="angles">
    <h3 class="plot-title">${t('Angles, each main direction')}</h3>
    <ox-plot .draw=${(w: number) => anglePlot(w, detail, noise)} .picture=${anglePicture(tensor, detail)}></ox-plot>
    <div class="keys">
      ${key('l-tuned', t('output'))}${key('l-tuned dash', t('input'))}${noise === null ? nothing : key('l-base', t('noise’s largest'))}
    </div>
  </section>`;
}
