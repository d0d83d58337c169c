/** The metric over the layers, readable: every module as a thin line, the mean dashed, the chosen module drawn out. */
import { nothing, type TemplateResult } from 'lit';
import { times } from '../shared/format.ts';
import { ends, isDiverging, outward, reference, toUnit, type Panel, type Scale } from '../shared/heatmap.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { key, linear, path, s, text } from '../shared/svg.ts';
import { picture as pictureOf, type Picture } from './panels.ts';
import { pictureName } from '../shared/picture.ts';
import '../shared/plot.ts';
import type { Drawing, Mark } from '../shared/plot.ts';
import { define, ViewElement } from './view.ts';

const HEIGHT = 150;
const PAD = { left: 46, right: 10, top: 8, bottom: 20 };
/** Steps of the layer axis. */
const STEPS = [1, 2, 4, 5, 8, 10, 16, 20, 32];

class Lines extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const { model, ui, set } = this.view;
    if (model.layers.length < 2) return nothing;
    const shown = pictureOf(model, ui);
    if (!shown.panels.some((p) => model.modules.some((m) => hasValue(p, m, model.layers)))) return nothing;
    const module = model.modules.includes(ui.line) ? ui.line : (ui.cell?.module ?? model.modules[0] ?? '');
    const label = model.labels.get(module) ?? module;
    const both = shown.panels.length > 1;
    const draw = (w: number): Drawing => this.plot(w, shown, module);
    const { layers } = model;
    const picture = {
      name: pictureName(t('Along the layers'), shown.metric.name),
      table: () => [
        [t('layer'), ...shown.panels.flatMap((panel) => model.modules.map((m) => (both ? `${panel.title}: ${m}` : m)))],
        ...layers.map((l) => [l, ...shown.panels.flatMap((panel) => model.modules.map((m) => panel.cell(l, m).value))]),
      ],
    };
    return html`<section class="sect" data-section="lines">
      <h2>
        ${t('Along the layers')}
        <small class="grow"
          >${both ? t('{0}, as factors over their references', shown.metric.name) : shown.metric.name}</small
        >
        <select
          aria-label=${t('Module of the line')}
          .value=${ui.line}
          @change=${(e: Event) => set({ line: (e.target as HTMLSelectElement).value })}
        >
          <option value="" ?selected=${!ui.line}>${t('selected cell’s module')}</option>
          ${model.modules.map(
            (m) => html`<option value=${m} ?selected=${ui.line === m}>${model.labels.get(m) ?? m}</option>`,
          )}
        </select>
      </h2>
      <ox-plot .draw=${draw} .picture=${picture}></ox-plot>
      <div class="keys">
        ${
          both
            ? html`${key('l-fg', t('mask view, {0}', label))}${key('l-on', t('energy view, {0}', label))}`
            : html`${key('l-fg', label)}${key('l-fg dash', t('mean of modules'))}`
        }${key('l-thin', t('other modules'))}
      </div>
    </section>`;
  }

  private plot(width: number, shown: Picture, module: string): Drawing {
    const { model } = this.view;
    const { layers } = model;
    const rowOf = new Map(layers.map((layer, row) => [layer, row]));
    const place = linear(0, Math.max(1, layers.length - 1), PAD.left, width - PAD.right);
    const x = (layer: number): number => place(rowOf.get(layer) ?? 0);
    const y = axis(shown.scale);
    const marks: Mark[] = [];
    const root = s('svg', {
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: 'img',
      'aria-label': t('{0} over the layers, {1} drawn out', shown.metric.name, model.labels.get(module) ?? module),
    });
    for (const tick of shown.profile.ticks) {
      const at = Math.round(y(tick)) + 0.5;
      root.append(
        s('path', {
          class: tick === reference(shown.scale) ? 'ax' : 'gr',
          d: `M${PAD.left} ${at}H${width - PAD.right}`,
        }),
        text(PAD.left - 6, at + 4, shown.profile.label(tick), 'end'),
      );
    }
    const step = STEPS.find((n) => (layers.length / n) * 24 < width - PAD.left) ?? Math.ceil(layers.length / 20);
    for (const [row, l] of layers.entries())
      if (row % step === 0) root.append(text(x(l), HEIGHT - 5, String(l), 'middle'));
    const runs = (value: (layer: number) => number | null): string =>
      segments(layers, value)
        .map((run) => path(run.map(([l, v]) => [x(l), y(v)])))
        .join('');
    const cellOf = (panel: number, m: string) => (l: number) => {
      const cell = shown.panels[panel]?.cell(l, m);
      return cell?.status === 'done' ? cell.value : null;
    };
    shown.panels.forEach((_, panel) => {
      for (const m of model.modules)
        if (m !== module) root.append(s('path', { class: 'l-thin', d: runs(cellOf(panel, m)) }));
    });
    if (shown.panels.length === 1) {
      root.append(s('path', { class: 'l-fg dash', d: runs((l) => shown.profile.series[0]?.at(l)?.mean ?? null) }));
    }
    shown.panels.forEach((_, panel) => {
      const value = cellOf(panel, module);
      root.append(s('path', { class: panel ? 'l-on' : 'l-fg', d: runs(value) }));
      for (const l of layers) {
        const v = value(l);
        if (v === null) continue;
        const at = { class: panel ? 'f-on' : 'f-fg' };
        const stat = shown.profile.series[panel]?.at(l);
        const say = (x: number): string => (shown.panels.length > 1 ? times(x) : shown.metric.format(x));
        marks.push({
          x: x(l),
          y: y(v),
          title: t('Layer {0}, {1}', l, module),
          rows: [
            [shown.panels[panel]?.title ?? '', say(v), shown.panels[panel]?.sub ?? ''],
            ...(stat
              ? ([
                  [t('mean of the layer'), say(stat.mean)],
                  [t('range of the layer'), t('{0} to {1}', say(stat.min), say(stat.max))],
                ] as const)
              : []),
          ],
        });
        const beyond = outward(shown.scale, v);
        root.append(
          beyond
            ? // an arrow: the value lies past the end
              s('path', { ...at, d: `M${x(l) - 3} ${y(v)}h6l-3 ${-5 * beyond}z` })
            : shown.panels.length > 1 && panel === 0
              ? s('rect', { ...at, x: x(l) - 2.5, y: y(v) - 2.5, width: 5, height: 5 })
              : s('circle', { ...at, cx: x(l), cy: y(v), r: 2.8 }),
        );
      }
    });
    return { root, marks };
  }
}
function axis(scale: Scale): (v: number) => number {
  const [lo, hi] = isDiverging(scale) ? [-1, 1] : [0, 1];
  const place = linear(lo, hi, HEIGHT - PAD.bottom, PAD.top);
  const [first, last] = ends(scale);
  return (v) => place(toUnit(scale, Math.max(Math.min(first, last), Math.min(Math.max(first, last), v))));
}
function hasValue(panel: Panel, module: string, layers: readonly number[]): boolean {
  for (const l of layers) {
    const cell = panel.cell(l, module);
    if (cell.status === 'done' && cell.value !== null) return true;
  }
  return false;
}
/** Runs of layers with a value: a gap stays a gap. */
function segments(layers: readonly number[], value: (layer: number) => number | null): [number, number][][] {
  const runs: [number, number][][] = [[]];
  for (const layer of layers) {
    const v = value(layer);
    if (v === null) runs.push([]);
    else runs.at(-1)?.push([layer, v]);
  }
  return runs.filter((run) => run.length > 0);
}
define('ox-lines', Lines);
