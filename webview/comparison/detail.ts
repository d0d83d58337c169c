/** Right pane: one matrix in full. Of several in a cell (experts, parts), the list lets one be chosen. */
import { nothing, type TemplateResult } from 'lit';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { num, percent, times } from '../shared/format.ts';
import type { CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import {
  disagreeing,
  energyRatio,
  energySaid,
  littleRoom,
  maskSaid,
  VERDICT_POSITION,
  VERDICT_Z,
} from '../../src/metrics/verdict.ts';
import { cellReading, outliers } from '../shared/readings.ts';
import { recomputedNote } from '../shared/recomputed.ts';
import { statusWord } from '../shared/words.ts';
import { backendWord } from './backend.ts';
import { key, readBullet, type NullMark } from '../shared/svg.ts';
import { chip } from './views-card.ts';
import { energyCurves } from './detail-energy.ts';
import { numbers } from './detail-numbers.ts';
import { pictureSection } from './detail-picture.ts';
import { profiles } from './detail-profiles.ts';
import { spectra } from './detail-spectra.ts';
import { hasSpectra } from '../../src/results/accumulator.ts';
import type { Pair } from './model.ts';
import '../shared/plot.ts';
import type { Drawing } from '../shared/plot.ts';
import { naming } from './title.ts';
import { twinParts } from './twin.ts';
import { define, ViewElement } from './view.ts';

interface BulletRow {
  name: string;
  value: number | null;
  from: number | null;
  nulls: { v: number | null; kind: NullMark }[];
  range: [number, number] | null;
  dir: 'on' | 'off' | null;
  right: string;
  isEnergy?: true;
  /** the share of noise of the same size, if there is a twin */
  noise: number | null;
}
export const sizes = (shape: readonly number[]): string => shape.join(' × ');
export const dtypes = (dtype: { base: string; tuned: string }): string =>
  dtype.base === dtype.tuned ? dtype.base : t('{0} and {1}', dtype.base, dtype.tuned);

function nullName(kind: NullMark, isEnergy: boolean): string {
  if (kind === 'null2') return t('step null');
  if (kind === 'null3') return t('proportional null');
  return isEnergy ? t('isotropic') : t('Gaussian null');
}
function bulletTable(first: string, last: string, rows: readonly BulletRow[]): TemplateResult {
  return html`<div class="bt">
    <span class="hd">${first}</span><span></span><span class="hd num">${t('share')}</span
    ><span class="hd num">${last}</span>
    ${rows.map((r) => {
      const twin = twinParts(r.value, r.noise, percent);
      const draw = (w: number): Drawing =>
        readBullet(
          w,
          {
            value: r.value,
            from: r.from ?? 0,
            nulls: [...r.nulls, ...twin.nulls],
            ...(r.range ? { range: r.range } : {}),
            domain: [0, 1],
            dir: r.dir,
            label: `${first} ${r.name}`,
            rows: [
              [t('share'), percent(r.value)],
              ...r.nulls.map(({ v, kind }): CardRow => [nullName(kind, r.isEnergy === true), percent(v)]),
              ...twin.rows,
              [last, r.right],
              ...(r.range
                ? [[t('attainable'), t('{0} to {1}', percent(r.range[0]), percent(r.range[1]))] as const]
                : []),
            ],
          },
          14,
        );
      return html`<span>${r.name}</span><ox-plot .draw=${draw}></ox-plot><span class="num">${percent(r.value)}</span
        ><span class="num">${r.right}</span>`;
    })}
  </div>`;
}

function alignment({ metrics: m }: ComparisonTensor): TemplateResult {
  const mask = maskSaid(m);
  const energy = energySaid(m);
  const maskRows = (
    [
      ['principal', t('principal')],
      ['low', t('low')],
      ['principalNotLow', t('principal, not low')],
    ] as const
  ).map(([p, name]): BulletRow => ({
    name,
    value: m[`${p}Overlap`] ?? null,
    from: m[`${p}Null`] ?? null,
    nulls: [
      { v: m[`${p}Null`] ?? null, kind: 'null' },
      { v: m[`${p}NullStep`] ?? null, kind: 'null2' },
      { v: m[`${p}NullProportional`] ?? null, kind: 'null3' },
    ],
    range: m[`${p}Range`] ?? null,
    // only the principal mask has a verdict
    dir: p === 'principal' && (mask.id === 'on' || mask.id === 'off') ? mask.id : null,
    right: times(m[`${p}Lift`] ?? null),
    noise: m.twin?.[`${p}Overlap`] ?? null,
  }));
  const energyRows = (
    [
      ['joint', t('leading r × r')],
      ['left', t('leading left')],
      ['right', t('leading right')],
    ] as const
  ).map(([p, name]): BulletRow => {
    const ratio = energyRatio(m, p);
    const baseline = m[`${p}EnergyBaseline`] ?? null;
    return {
      name,
      value: m[`${p}Energy`] ?? null,
      from: baseline,
      nulls: [{ v: baseline, kind: 'null' }],
      range: [0, 1],
      // only the joint energy has a verdict
      dir: p === 'joint' && (energy.id === 'on' || energy.id === 'off') ? energy.id : null,
      right: times(ratio),
      noise: m.twin?.[`${p}Energy`] ?? null,
      isEnergy: true,
    };
  });
  const range = m.principalRange;
  return html`<section class="sect" data-section="alignment">
    <div class="two">
      <div>
        <h3 class="row"><span class="grow">${t('Mask view')}</span>${chip(mask)}</h3>
        ${bulletTable(t('changed weights in'), t('/ null'), maskRows)}
        <div class="keys" title=${t('Marks of the principal mask')}>
          ${key('null', t('Gaussian null {0}', percent(m.principalNull)))}${key('null2', t('step null {0}', percent(m.principalNullStep)))}${key('null3', t('proportional null {0}', percent(m.principalNullProportional)))}${twinParts(m.principalOverlap ?? null, m.twin?.principalOverlap, percent).key}${key(
            'band',
            range ? t('attainable {0} to {1}', percent(range[0]), percent(range[1])) : t('attainable {0}', '–'),
          )}
        </div>
        <p class="small quiet">
          ${t('Of the principal mask {0} changed, of all weights {1}.', percent(m.principalDensity), percent(m.updateDensity))}
          ${t('Of the smallest weights {0} changed.', percent(m.lowDensity))}
          ${t(
            'Position {0} (Gaussian), {1} (step), {2} (proportional), z {3}. A verdict needs {4} against all three and |z| over {5}; z assumes independent changes.',
            num(m.principalPosition, 2),
            num(m.principalPositionStep, 2),
            num(m.principalPositionProportional, 2),
            num(m.principalZ, 2),
            VERDICT_POSITION,
            VERDICT_Z,
          )}
        </p>
      </div>
      <div>
        <h3 class="row"><span class="grow">${t('Energy view')}</span>${chip(energy)}</h3>
        ${bulletTable(t('update energy in'), t('/ iso.'), energyRows)}
        <div class="keys">
          ${key('null', t('isotropic {0}', percent(m.jointEnergyBaseline)))}${twinParts(m.jointEnergy ?? null, m.twin?.jointEnergy, percent).key}${key('band', t('attainable 0 to {0}', percent(1)))}
        </div>
        <p class="small quiet">
          ${t('r = {0}. Rounding lowers the isotropic share by up to 8 %; no significance is claimed.', m.maskRank ?? '–')}
        </p>
      </div>
    </div>
  </section>`;
}

class Detail extends ViewElement {
  private shown = '';

  protected override render(): TemplateResult {
    const { model, ui } = this.view;
    const cell = ui.cell;
    if (!cell) {
      return html`<section class="pane" tabindex="-1" aria-label=${t('Selected matrix')}>
        <p class="empty quiet">${t('Select a cell of the map to see its matrix.')}</p>
      </section>`;
    }
    const pairs = model.pairsAt(cell.layer, cell.module);
    const pair = pairs.find((p) => p.name === ui.member) ?? pairs[0];
    return html`<section class="pane" tabindex="-1" aria-label=${t('Selected matrix')} data-matrix=${pair?.name ?? ''}>
      ${this.head(cell.layer, cell.module, pair)} ${pairs.length > 1 ? this.members(pairs, pair) : nothing}
      ${this.body(pair)}
    </section>`;
  }
  protected override updated(): void {
    const pane = this.querySelector<HTMLElement>('.pane');
    const now = pane?.dataset['matrix'] ?? '';
    if (now !== this.shown && pane) pane.scrollTop = 0;
    this.shown = now;
  }
  override focus(): void {
    this.querySelector<HTMLElement>('.pane')?.focus();
  }

  private head(layer: number, module: string, pair: Pair | undefined): TemplateResult {
    const tensor = pair && this.view.model.tensors.get(pair.name);
    const note =
      tensor && hasSpectra(tensor)
        ? disagreeing(tensor.metrics)
          ? html`<span class="verdict differ"><b>≠</b>${t('Views disagree')}</span>`
          : littleRoom(tensor.metrics)
            ? html`<span class="verdict">${t('Mask view has little room')}</span>`
            : nothing
        : nothing;
    return html`<div class="detail-head">
      <h2 title=${pair?.name ?? module}>${t('Layer {0}, {1}', layer, module)}</h2>
      ${pair ? html`<span class="quiet small">${sizes(pair.shape)}, ${dtypes(pair.dtype)}</span>` : nothing}
      <span class="grow"></span>${note}
    </div>`;
  }

  /** Several matrices in one cell: experts of a stack, parts of one tensor. */
  private members(pairs: readonly Pair[], chosen: Pair | undefined): TemplateResult {
    const { model, set } = this.view;
    return html`<section class="sect members" data-section="members">
      <h2>
        ${plural(pairs.length, '{0} matrix in this cell', '{0} matrices in this cell')}
        <small>${t('the map shows their mean')}</small>
      </h2>
      <div class="scroll">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">${t('Matrix')}</th>
              <th scope="col" class="num">${t('overlap / null')}</th>
              <th scope="col" class="num">${t('joint / iso.')}</th>
              <th scope="col" class="num">${t('NSS')}</th>
            </tr>
          </thead>
          <tbody>
            ${pairs.map((p) => {
              const status = model.status(p);
              const m = status === 'done' ? model.tensors.get(p.name)?.metrics : undefined;
              return html`<tr aria-selected=${String(p === chosen)}>
                <td>
                  <button class="link" aria-pressed=${String(p === chosen)} @click=${() => set({ member: p.name })}>
                    ${p.name}
                  </button>
                </td>
                ${
                  m
                    ? html`<td class="num">${times(m.principalLift ?? null)}</td>
                        <td class="num">${times(energyRatio(m))}</td>
                        <td class="num">${percent(m.nss ?? null)}</td>`
                    : html`<td class="num quiet" colspan="3">${statusWord(status)}</td>`
                }
              </tr>`;
            })}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  private body(pair: Pair | undefined): TemplateResult {
    const { model, ui, post } = this.view;
    if (!pair) {
      const why = ui.cell ? model.absence(ui.cell.layer, ui.cell.module) : null;
      return html`<p class="empty quiet" data-status="absent">
        ${why ?? t('No pair of matrices lies in this cell.')}
      </p>`;
    }
    const tensor = model.tensors.get(pair.name);
    const error = model.failed.get(pair.name);
    if (error && !(tensor && hasSpectra(tensor))) {
      const retry = (): void => {
        model.failed.delete(pair.name);
        post({ type: 'retry', name: pair.name });
        this.view.set({});
      };
      return html`<div class="empty" data-status="failed">
          <p>${naming(pair.name, error.message)}</p>
          <div class="row centre">
            <button class="primary" data-action="retry-matrix" @click=${retry}>${t('Retry')}</button
            ><button class="secondary" data-action="show-log" @click=${() => post({ type: 'showLog' })}>
              ${t('Show Log')}
            </button>
          </div>
        </div>
        ${tensor ? numbers(tensor, this.view) : nothing}`;
    }
    if (!tensor || !hasSpectra(tensor)) {
      const text =
        model.state?.parameters.spectra === false
          ? t('This run leaves spectra out; only the change figures are computed.')
          : model.state?.phase === 'running'
            ? t('Not computed yet. This matrix moves to the front of the queue when you open it.')
            : model.state?.phase === 'cancelled'
              ? t('Not computed. Resume goes on with it.')
              : t('Not computed. Retry goes on with it.');
      return html`<p class="empty quiet" data-status="pending">${text}</p>
        ${tensor ? numbers(tensor, this.view) : nothing}`;
    }
    return html`<p class="reading">${cellReading(tensor.metrics, tensor.flags)}</p>
      ${notes(tensor)} ${alignment(tensor)} ${energyCurves(tensor)}
      ${profiles(tensor, model.details.get(pair.name), model.state?.plan?.heads ?? null)}
      ${pictureSection(this.view, pair)} ${spectra(tensor, model.details.get(pair.name))} ${numbers(tensor, this.view)}
      ${this.origin(pair, tensor)}`;
  }

  private origin(pair: Pair, tensor: ComparisonTensor): TemplateResult {
    const open = (side: 'base' | 'tuned'): void => this.view.post({ type: 'openTensor', side, name: pair.name });
    const time = duration(tensor.elapsedMs);
    const computed = tensor.computedOn
      ? t('computed on the {0} in {1}', backendWord(tensor.computedOn), time)
      : t('computed in {0}', time);
    return html`<section class="sect origin small">
      <span class="mono grow">${pair.name}</span>
      <span class="quiet" data-timing>${sizes(pair.shape)}, ${dtypes(pair.dtype)}, ${computed}</span>
      <button class="link" data-action="open-base" @click=${() => open('base')}>${t('Open in Base')}</button>
      <button class="link" data-action="open-tuned" @click=${() => open('tuned')}>${t('Open in Tuned')}</button>
    </section>`;
  }
}
/** Milliseconds as people read them. */
export const duration = (ms: number): string =>
  ms < 1000 ? `${num(Math.round(ms))}\u202fms` : `${num(ms / 1000, 3)}\u202fs`;

function notes(tensor: ComparisonTensor): TemplateResult | typeof nothing {
  const list = [...tensor.reasons];
  if (tensor.recomputed?.length) list.push(recomputedNote(tensor.recomputed));
  if (tensor.metrics.updateOutlierCount === 1) list.push(t('Update: {0}', outliers(1)));
  if (!list.length) return nothing;
  return html`<ul class="notes small quiet">
    ${[...new Set(list)].map((text) => html`<li>${text}</li>`)}
  </ul>`;
}
define('ox-detail', Detail);
export type { Detail };
