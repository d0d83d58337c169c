/** The ranked table under the map: what each matrix did, beside what noise gives. It follows the brush and the pressed clause. */
import { nothing, type TemplateResult } from 'lit';
import { angleOverNoise, rankOverNoise, shiftOverNoise } from '../../src/answer/noise.ts';
import { energyRatio, energyVerdict } from '../../src/metrics/verdict.ts';
import { greatest } from '../../src/protocol/lists.ts';
import { percent, times } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { s } from '../shared/svg.ts';
import { gap, windowOf } from '../shared/windowed.ts';
import { litNames } from './focus.ts';
import { clears, narrowed, nextSort, sorted, type RankColumn, type Ranked } from './ranking.ts';
import { matrixName, select, selectedPair, standingOf } from './standing.ts';
import { CostlyElement, define } from './view.ts';

const BAR = 56;
const REACH = 64;
const BARS = 15;

interface Head {
  id: RankColumn;
  name: string;
  isNumber: boolean;
}
const heads = (): Head[] => [
  { id: 'rank', name: '#', isNumber: false },
  { id: 'matrix', name: t('Matrix'), isNumber: false },
  { id: 'size', name: t('Size'), isNumber: true },
  { id: 'changed', name: t('Changed'), isNumber: true },
  { id: 'direction', name: t('Direction, × random'), isNumber: true },
  { id: 'updateRank', name: t('Rank, × noise'), isNumber: true },
  { id: 'spectrum', name: t('Spectrum, × noise'), isNumber: true },
  { id: 'turn', name: t('Turn, × noise'), isNumber: true },
];

/** A length from 0. */
function bar(value: number | null, most: number): SVGElement {
  const width = value === null || !(most > 0) ? 0 : Math.max(1, Math.min(BAR, (BAR * value) / most));
  return s(
    'svg',
    { width: BAR, height: 12, 'aria-hidden': 'true' },
    s('rect', { class: 'f-bar', x: 0, y: 2, width, height: 8 }),
  );
}
/** A factor both ways from 1, lit only if it is clear of noise. */
function factorBar(factor: number | null | undefined, clear: -1 | 0 | 1): SVGElement {
  const x = (v: number): number => BAR / 2 + (Math.max(-1, Math.min(1, Math.log(v) / Math.log(REACH))) * BAR) / 2;
  const root = s('svg', { width: BAR, height: 12, 'aria-hidden': 'true' });
  root.append(s('rect', { class: 'b-track', x: 0, y: 5, width: BAR, height: 2 }));
  if (factor != null && factor > 0)
    root.append(
      s('rect', {
        class: clear === 0 ? 'b-dev' : clear > 0 ? 'f-on' : 'f-off',
        x: Math.min(BAR / 2, x(factor)),
        y: 3,
        width: Math.max(1, Math.abs(x(factor) - BAR / 2)),
        height: 6,
      }),
    );
  root.append(s('path', { class: 'b-null', d: `M${BAR / 2} 0V12` }));
  return root;
}
/** The leading singular values of the update. */
function spectrumBars(values: readonly number[]): SVGElement {
  const root = s('svg', { width: 4 * BARS, height: 14, 'aria-hidden': 'true' });
  const most = values[0] ?? 0;
  values.slice(0, BARS).forEach((value, i) => {
    const height = most > 0 ? Math.max(1, (13 * value) / most) : 0;
    root.append(s('rect', { class: 'f-bar', x: 4 * i, y: 14 - height, width: 3, height }));
  });
  return root;
}

class RankTable extends CostlyElement {
  protected override content(): TemplateResult | typeof nothing {
    const { view } = this;
    const { model, ui } = view;
    const { ranked, places } = standingOf(model, ui.tab);
    if (!ranked.length) return nothing;
    const list = sorted(narrowed(ranked, ui.brush, litNames(model.answer(), ui)), ui.sort, places);
    const most = greatest(ranked.map(({ tensor }) => tensor.metrics.relativeUpdate ?? 0));
    const { first, rows, above, below } = windowOf(list, this.querySelector('.rankbox'));
    const selected = selectedPair(view);
    return html`<div
      class="rankbox"
      tabindex="0"
      aria-label=${t('Ranked matrices')}
      role="region"
      @scroll=${() => this.redraw()}
    >
      <table class="rank" aria-rowcount=${list.length + 1}>
        <caption class="sr">
          ${t('Matrices, ranked by how far they stand out')}
        </caption>
        <thead>
          <tr>
            ${heads().map((head) => this.head(head))}
            <th scope="col">${t('Update’s spectrum')}</th>
          </tr>
        </thead>
        <tbody>
          ${gap(above)}${rows.map((one, i) => this.row(one, first + i, most, one.pair === selected))}${gap(below)}
        </tbody>
      </table>
      ${list.length ? nothing : html`<p class="quiet small">${t('No matrix of these is ranked.')}</p>`}
    </div>`;
  }
  private redraw(): void {
    this.hasScrolled = true;
    this.requestUpdate();
  }
  private hasScrolled = false;
  protected override shouldUpdate(): boolean {
    const isDue = super.shouldUpdate() || this.hasScrolled;
    this.hasScrolled = false;
    return isDue;
  }

  private head({ id, name, isNumber }: Head): TemplateResult {
    const { ui, set } = this.view;
    const isSorted = ui.sort ? ui.sort.column === id : id === 'rank';
    const isDescending = ui.sort?.isDescending ?? false;
    return html`<th
      scope="col"
      class=${isNumber ? 'num' : ''}
      aria-sort=${isSorted ? (isDescending ? 'descending' : 'ascending') : nothing}
    >
      <button data-sort=${id} @click=${() => set({ sort: nextSort(ui.sort, id) })}>
        ${name}${isSorted ? (isDescending ? ' ↓' : ' ↑') : ''}
      </button>
    </th>`;
  }
  private row(one: Ranked, at: number, most: number, isSelected: boolean): TemplateResult {
    const { model } = this.view;
    const { metrics } = one.tensor;
    const points = energyVerdict(metrics);
    const shift = shiftOverNoise(one.tensor);
    return html`<tr
      data-matrix-row=${one.pair.name}
      aria-rowindex=${at + 2}
      aria-selected=${String(isSelected)}
      class=${isSelected ? 'sel' : ''}
      @click=${() => select(this.view, one.pair)}
    >
      <td class="quiet">${one.rank}</td>
      <td title=${one.pair.name}>${matrixName(model, one.pair)}</td>
      <td class="num">
        <span class="cellbar">${bar(metrics.relativeUpdate, most)}${percent(metrics.relativeUpdate, 2)}</span>
      </td>
      <td class="num">${percent(metrics.updateDensity, 2)}</td>
      <td class="num">
        <span class="cellbar"
          >${factorBar(energyRatio(metrics), points === 'on' ? 1 : points === 'off' ? -1 : 0)}${
            points === 'small' ? html`<span class="quiet">${t('too small')}</span>` : times(energyRatio(metrics), 2)
          }</span
        >
      </td>
      <td class="num">${times(rankOverNoise(one.tensor) ?? null, 2)}</td>
      <td class="num">
        <span class="cellbar">${factorBar(shift, clears(shift))}${times(shift ?? null, 2)}</span>
      </td>
      <td class="num">${times(angleOverNoise(one.tensor) ?? null, 2)}</td>
      <td>${spectrumBars(model.details.get(one.pair.name)?.updateSingularValues ?? [])}</td>
    </tr>`;
  }
}
define('ox-rank', RankTable);
