/** Where the matrix changed: the share of changed weights of each row and column, with head boundaries from config.json. */
import { nothing, type TemplateResult } from 'lit';
import type { ComparisonPlan, MatrixDetail } from '../../src/protocol/engine.ts';
import { meanOf } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { pictureName } from '../shared/picture.ts';
import type { Drawing, Mark } from '../shared/plot.ts';
import { css, sequential } from '../shared/scales.ts';
import { linear, path, s, text } from '../shared/svg.ts';
import { headsOf } from '../shared/heads.ts';
import { binned } from './curves.ts';
import '../shared/plot.ts';

/** Colours of a stripe span mean +- this share, whatever the data: fitted colours would make sampling noise glow. */
const STRIPE_SPAN = 0.25;
/** Labels of heads need this much room, CSS pixels. */
const HEAD_LABEL = 46;

function stripePlot(
  width: number,
  name: string,
  values: readonly number[],
  mean: number,
  heads: number,
  label: string,
): Drawing {
  const v = binned(values, Math.max(1, Math.floor(width)));
  const height = heads ? 60 : 46;
  const each = width / v.length;
  const y = linear(0, 1, 28, 2);
  const root = s('svg', {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': heads
      ? t('{0}: share of changed weights, mean {1}, {2} heads', name, percent(mean), heads)
      : t('{0}: share of changed weights, mean {1}', name, percent(mean)),
  });
  v.forEach((x, i) => {
    const fill = css(sequential((x - mean + STRIPE_SPAN) / (2 * STRIPE_SPAN)));
    root.append(
      s('rect', { fill, x: i * each, y: 31, width: each + 0.4, height: 14, 'shape-rendering': 'crispEdges' }),
    );
  });
  const outline = v.flatMap((x, i): [number, number][] => [
    [i * each, y(x)],
    [(i + 1) * each, y(x)],
  ]);
  root.append(
    s('path', { class: 'prof', d: path(outline) }),
    s('path', { class: 'ax', d: `M0 28.5H${width}` }),
    s('path', { class: 'ax dash', d: `M0 ${Math.round(y(mean)) + 0.5}H${width}` }),
  );
  const every = Math.max(1, Math.ceil((HEAD_LABEL * heads) / width));
  for (let i = 0; i < heads; i++) {
    if (i) root.append(s('path', { class: 'head', d: `M${Math.round((i * width) / heads) + 0.5} 0V49` }));
    if (i % every === 0) root.append(text(((i + 0.5) * width) / heads, 57, `${label} ${i}`, 'middle'));
  }
  const bin = values.length / v.length;
  const marks = v.map((share, i): Mark => {
    const [first, last] = [Math.floor(i * bin), Math.max(Math.floor(i * bin), Math.floor((i + 1) * bin) - 1)];
    return {
      x: (i + 0.5) * each,
      y: y(share),
      title: first === last ? t('{0}: number {1}', name, first) : t('{0}: numbers {1} to {2}', name, first, last),
      rows: [
        [t('changed'), percent(share)],
        [t('mean'), percent(mean)],
        ...(heads ? [[label, String(Math.floor((first * heads) / values.length))] as const] : []),
      ],
    };
  });
  return { root, marks };
}

function stripe(tensor: string, name: string, values: readonly number[], heads: number, label: string): TemplateResult {
  const mean = meanOf(values) ?? 0;
  const lo = values.reduce((a, b) => Math.min(a, b), Infinity);
  const hi = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return html`<div>
    <h3 class="plot-title">
      ${name}<span class="quiet">${t('{0} to {1} changed', percent(lo, 2), percent(hi, 2))}</span>
    </h3>
    <ox-plot
      .draw=${(w: number) => stripePlot(w, name, values, mean, heads, label)}
      .picture=${{
        name: pictureName(t('Where it changed'), name, tensor),
        table: () => [[t('index'), t('changed')], ...values.map((x, i) => [i, x])],
      }}
    ></ox-plot>
  </div>`;
}

export function profiles(
  tensor: ComparisonTensor,
  detail: MatrixDetail | undefined,
  heads: ComparisonPlan['heads'],
): TemplateResult | typeof nothing {
  const rows = detail?.rowDensity ?? tensor.metrics.rowDensity ?? [];
  const columns = detail?.columnDensity ?? tensor.metrics.columnDensity ?? [];
  if (!rows.length && !columns.length) return nothing;
  const h = headsOf(tensor.module, heads);
  const whole = (n: number, parts: number): number => (parts > 0 && n % parts === 0 ? parts : 0);
  return html`<section
    class="plot"
    data-section="profiles"
    title=${t('Share of changed weights of each row and column')}
  >
    ${stripe(tensor.name, plural(rows.length, '{0} row', '{0} rows'), rows, whole(rows.length, h.rows), h.word)}
    ${stripe(tensor.name, plural(columns.length, '{0} column', '{0} columns'), columns, whole(columns.length, h.columns), h.word)}
  </section>`;
}
