/** Where in the base's spectrum the update lies: the energy curves of both sides beside a random direction and noise of the same size. */
import { nothing, type TemplateResult } from 'lit';
import { greatest, least } from '../../src/protocol/lists.ts';
import type { ComparisonMetrics, ComparisonTensor } from '../../src/protocol/results.ts';
import { percent } from '../shared/format.ts';
import type { CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { pictureName } from '../shared/picture.ts';
import type { Drawing, PlotPicture } from '../shared/plot.ts';
import { key, log, logTicks, path, s, text } from '../shared/svg.ts';
import '../shared/plot.ts';
import { axes, frame, indexTicks, PLOT } from './detail-spectra.ts';

/** One curve: a share for each of the ranks. */
interface Curve {
  name: string;
  mark: string;
  values: readonly number[];
}

function curvesOf(m: ComparisonMetrics, ranks: readonly number[]): Curve[] {
  // j/m and j/n, from r/m and r/n
  const random = (baseline: number | undefined): number[] | undefined =>
    baseline && m.maskRank ? ranks.map((j) => (j * baseline) / (m.maskRank ?? 1)) : undefined;
  const { twin } = m;
  const curve = (name: string, mark: string, values: readonly number[] | null | undefined): Curve[] =>
    values?.length === ranks.length ? [{ name, mark, values }] : [];
  return [
    ...curve(t('random direction, output'), 'ax', random(m.leftEnergyBaseline)),
    ...curve(t('random direction, input'), 'ax dash', random(m.rightEnergyBaseline)),
    ...curve(t('noise of the same size, output'), 'l-base', twin?.leftEnergyCurve),
    ...curve(t('noise of the same size, input'), 'l-base dash', twin?.rightEnergyCurve),
    ...curve(t('output side'), 'l-tuned', m.leftEnergyCurve),
    ...curve(t('input side'), 'l-tuned dash', m.rightEnergyCurve),
  ];
}

function curvePlot(width: number, ranks: readonly number[], curves: readonly Curve[]): Drawing {
  const root = frame(width, t('Share of the update’s energy in the leading directions of the base, log-log'));
  const positive = curves.flatMap(({ values }) => values.filter((share) => share > 0));
  const lo = least(positive, 1) / 1.2;
  const hi = 1;
  const last = greatest(ranks, 2);
  const { pad, height } = PLOT;
  const x = log(1, last, pad.l, width - pad.r);
  const y = log(Math.min(lo, hi / 2), hi, height - pad.b, pad.t);
  axes(root, width, x, y, indexTicks(last, width - pad.l), []);
  for (const tick of logTicks(Math.min(lo, hi / 2), hi, 5))
    root.append(
      s('path', { class: 'gr', d: `M${pad.l} ${Math.round(y(tick)) + 0.5}H${width - pad.r}` }),
      text(pad.l - 5, y(tick) + 4, percent(tick, 2), 'end'),
    );
  for (const { mark, values } of curves)
    root.append(
      s('path', {
        class: mark,
        d: path(values.flatMap((share, i) => (share > 0 ? [[x(ranks[i] ?? 1), y(Math.min(hi, share))] as const] : []))),
      }),
    );
  const marks = ranks.map((j, i) => ({
    x: x(j),
    y: y(Math.min(hi, Math.max(lo, greatest(curves.slice(-2).map(({ values }) => values[i] ?? 0))))),
    title: t('Leading {0} directions', j),
    rows: [...curves].reverse().map(({ name, values }): CardRow => [name, percent(values[i])]),
  }));
  return { root, marks };
}

/** Nothing if the directions are not determined, or nothing changed. */
export function energyCurves({ name, metrics: m }: ComparisonTensor): TemplateResult | typeof nothing {
  const ranks = m.curveRanks;
  if (!ranks?.length) return nothing;
  const curves = curvesOf(m, ranks);
  const picture: PlotPicture = {
    name: pictureName(t('Where in the spectrum'), name),
    table: () => [
      [t('directions'), ...curves.map((curve) => curve.name)],
      ...ranks.map((j, i) => [j, ...curves.map(({ values }) => values[i])]),
    ],
  };
  return html`<section class="plot" data-section="energy-curves">
    <h3
      class="plot-title"
      title=${t('Share of the update’s energy in the leading directions of the base, by their number')}
    >
      ${t('Where in the spectrum')}
    </h3>
    <ox-plot .draw=${(width: number) => curvePlot(width, ranks, curves)} .picture=${picture}></ox-plot>
    <div class="keys">
      ${key('l-tuned', t('output side'))}${key('l-tuned dash', t('input side'))}${m.twin?.leftEnergyCurve ? key('l-base', t('noise')) : nothing}${key('ax', t('random'))}
    </div>
  </section>`;
}
