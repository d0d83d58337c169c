/** The hover card of a cell: five figures, each beside what noise or a limit gives, and the sentence. It never starts work. */
import { nothing, type TemplateResult } from 'lit';
import { rankOverNoise, shiftOverNoise } from '../../src/answer/noise.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { hasSpectra } from '../../src/results/accumulator.ts';
import { num, percent, times } from '../shared/format.ts';
import type { Hit } from '../shared/heatmap.ts';
import { hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t, tellError } from '../shared/l10n.ts';
import { cellReading, nss } from '../shared/readings.ts';
import { statusWord } from '../shared/words.ts';
import { membersAt, type Column } from './columns.ts';
import { sizes } from './detail.ts';
import { VIEWS } from './metrics.ts';
import type { Pair } from './model.ts';
import { pictureAt, type Picture } from './panels.ts';
import { matrixName } from './standing.ts';
import type { View } from './view.ts';

type Row = readonly [name: string, value: string, beside: string];
const line = ([name, value, beside]: Row): TemplateResult =>
  html`<tr>
    <td class="quiet">${name}</td>
    <td class="num">${value}</td>
    <td class="num quiet">${beside}</td>
  </tr>`;
const table = (rows: readonly Row[]): TemplateResult =>
  html`<hr />
    <table>
      <tbody>
        ${rows.map(line)}
      </tbody>
    </table>`;

export class CellCard {
  constructor(private readonly view: View) {}

  /** `version`: of the page, whose picture is asked. */
  show(hit: Hit, version: number): void {
    const shown = pictureAt(this.view, version);
    const column = shown.columns.find(({ id }) => id === hit.module);
    if (column) hoverCard().show(this.content(hit.layer, column, shown), hit);
  }

  private content(layer: number, column: Column, shown: Picture): TemplateResult {
    const { model } = this.view;
    const pairs = membersAt(model, layer, column);
    const [first] = pairs;
    const shapes = [...new Set(pairs.map((pair) => sizes(pair.shape)))];
    const label = model.labels.get(column.module) ?? column.module;
    const name = first && pairs.length === 1 ? matrixName(model, first) : t('Layer {0}, {1}', layer, label);
    return html`<div class="row">
        <b class="grow">${name}</b><span class="quiet">${shapes.length === 1 ? shapes[0] : nothing}</span>
      </div>
      ${
        first && pairs.length === 1
          ? this.single(first, shown)
          : first
            ? this.several(layer, column, pairs, shown)
            : this.absent(layer, column.module)
      }`;
  }
  private absent(layer: number, module: string): TemplateResult {
    const { model } = this.view;
    const why = model.absence(layer, module);
    if (model.isUntouched(layer, module)) return html`<p class="quiet" data-status="untouched">${why}</p>`;
    return html`<p class="quiet">${t('Missing: {0}', why ?? t('no pair of matrices lies here.'))}</p>`;
  }

  private single(pair: Pair, { metric, panels }: Picture): TemplateResult {
    const { model } = this.view;
    const tensor = model.tensors.get(pair.name);
    // the figures below hold those of the two maps
    const isListed = panels.length > 1 || ['relativeUpdate', 'nss'].includes(metric.id);
    const chosen: Row[] = tensor && !isListed ? [[metric.name, metric.format(metric.get(tensor)), '']] : [];
    if (!tensor || !hasSpectra(tensor)) {
      const status = model.status(pair);
      const failure = model.failed.get(pair.name);
      const text =
        status === 'failed'
          ? t('Failed: {0}', failure ? tellError(failure) : '')
          : status === 'pending'
            ? t('Waiting: spectra are not computed yet.')
            : t('This run leaves spectra out.');
      // without finite figures the reason says more than what is waited for
      const isLost = tensor?.metrics.updateNorm === null && status !== 'failed';
      const why = isLost ? cellReading(tensor.metrics, tensor.flags) : text;
      return html`<p class="quiet">${why}</p>
        ${tensor ? table([...chosen, ...sizeRows(tensor)]) : nothing}`;
    }
    const isAdapter = model.state?.plan?.tunedAdapter?.unmerged === false;
    return html`${table([...chosen, ...sizeRows(tensor), ...directionRows(tensor)])}
      <hr />
      <p>${cellReading(tensor.metrics, tensor.flags, isAdapter)}</p>`;
  }

  private several(layer: number, column: Column, pairs: readonly Pair[], shown: Picture): TemplateResult {
    const { model } = this.view;
    const done = pairs.filter((pair) => model.status(pair, shown.metric.elementwise) === 'done').length;
    const say = (value: number): string => (shown.metric.id === VIEWS ? times(value, 2) : shown.metric.format(value));
    const rows = shown.panels.flatMap((panel): Row[] => {
      const { status, value, most } = panel.cell(layer, column.id);
      if (status !== 'done') return [[panel.title, statusWord(status), '']];
      if (value === null) return [[panel.title, statusWord('null'), '']];
      return [[panel.title, say(value), most == null ? t('median') : t('median; largest {0}', say(most))]];
    });
    return html`${table(rows)}
      <hr />
      <p>${t('{0} of {1} matrices of this cell are computed. The detail lists each.', done, pairs.length)}</p>`;
  }
}

function sizeRows({ metrics: m }: ComparisonTensor): Row[] {
  const floor = m.roundingFloor == null ? '' : t('one rounding {0}', percent(m.roundingFloor, 2));
  return [
    [t('Relative update'), percent(m.relativeUpdate), floor],
    [t('Weights changed'), percent(m.updateDensity), ''],
  ];
}
/** Each beside noise of the same size, or beside its own noise or limit. */
function directionRows(tensor: ComparisonTensor): Row[] {
  const { metrics: m } = tensor;
  const ofNoise = (factor: number | null | undefined): string =>
    factor == null ? '' : t('{0} of noise', times(factor, 2));
  return [
    [t('In main directions'), percent(m.jointEnergy), t('random {0}', percent(m.jointEnergyBaseline, 2))],
    [t('Main entries hit'), percent(m.principalOverlap), t('noise {0}', percent(m.principalNull))],
    [t('Spectrum shift'), nss(m), ofNoise(shiftOverNoise(tensor)) || t('limit {0}', percent(m.relativeUpdate))],
    [t('Rank of the update'), num(m.updateStableRank ?? null, 3), ofNoise(rankOverNoise(tensor))],
  ];
}
