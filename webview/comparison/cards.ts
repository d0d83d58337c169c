/** Headline cards: each figure beside what noise would give, with one plain sentence that claims no more than its null allows. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ComparisonMetrics } from '../../src/protocol/results.ts';
import { count, degrees, percent } from '../shared/format.ts';
import {
  disagreeing,
  energyHeadline,
  energyVerdict,
  littleRoom,
  maskHeadline,
  maskVerdict,
  nssHeadline,
  ratioVerdict,
  unchangedHeadline,
  wedinHeadline,
  type Verdict,
  type VerdictId,
} from '../shared/readings.ts';
import { bullet, key } from '../shared/svg.ts';
import { meanOf } from './model.ts';
import '../shared/plot.ts';
import { define, ViewElement } from './view.ts';

type Get = (m: ComparisonMetrics) => number | null | undefined;
const EMPTY = '–';

export const chip = (verdict: Verdict, word = verdict.word): TemplateResult =>
  html`<span class="verdict ${verdict.id}" data-verdict=${verdict.id} title=${verdict.word}><i></i>${word}</span>`;

/** Beside a count the word has to be short; the tooltip and the tally have it whole. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['Off-principal', 'Off'],
  ['On-principal', 'On'],
  ['Toward principal', 'Toward'],
  ['Away from principal', 'Away'],
  ['Near isotropic', 'Near iso.'],
]);
/** The verdict that most matrices share; with how many, where not all do. */
function commonVerdict(verdicts: readonly Verdict[]): { verdict: Verdict; word: string } | null {
  const by = new Map<VerdictId, Verdict[]>();
  for (const v of verdicts) by.set(v.id, [...(by.get(v.id) ?? []), v]);
  const [most] = [...by.values()].sort((a, b) => b.length - a.length);
  const verdict = most?.[0];
  if (!most || !verdict) return null;
  return {
    verdict,
    word:
      most.length === verdicts.length
        ? verdict.word
        : `${SHORT.get(verdict.word) ?? verdict.word} in ${most.length} of ${verdicts.length}`,
  };
}

class Cards extends ViewElement {
  private get metrics(): ComparisonMetrics[] {
    return this.view.model.live().map((t) => t.metrics);
  }
  private mean(get: Get): number | null {
    return meanOf(this.metrics.map(get));
  }
  /** "mean of 42", and how many are null: a mean never comes without its number. */
  private of(get: Get): string {
    const all = this.metrics.map(get);
    const nulls = all.filter((v) => v === null || v === undefined).length;
    const planned = this.view.model.matrices.length;
    const partial = all.length < planned ? ` of ${planned}` : '';
    return `mean of ${all.length - nulls}${partial}${nulls ? `, ${nulls} null` : ''}`;
  }
  private waiting(what: 'matrix' | 'tensor' = 'matrix'): string {
    const state = this.view.model.state;
    if (what === 'matrix' && state?.parameters.spectra === false) return 'Not computed: this run leaves spectra out.';
    if (what === 'matrix' && !this.view.model.matrices.length) return 'No matrix of the transformer blocks pairs.';
    return state?.phase === 'running' ? `Waiting for the first ${what}.` : 'Not computed.';
  }

  protected override render(): TemplateResult {
    return html`<div class="cards">${this.alignment()} ${this.unchanged()} ${this.shift()} ${this.angles()}</div>`;
  }

  private alignment(): TemplateResult {
    const m = this.metrics;
    const n = m.length;
    if (!n)
      return this.card('alignment', 'Off-principal alignment', EMPTY, '', nothing, nothing, this.waiting(), 'wide');
    const differ = m.filter(disagreeing).length;
    const tight = m.filter(littleRoom).length;
    const note = differ
      ? html`<span
          class="verdict differ"
          title="The mask view and the energy view say different things; neither is dropped."
          ><b>≠</b>${differ === n ? `Views disagree in all ${n}` : `Views disagree in ${differ} of ${n}`}</span
        >`
      : tight > n / 2
        ? html`<span class="verdict">Mask view has little room</span>`
        : nothing;
    return html`<section class="card wide" data-card="alignment">
      <h2>Off-principal alignment ${note}<span class="of">${this.of((x) => x.principalOverlap)}</span></h2>
      <div class="views">${this.maskView(tight)} ${this.energyView()}</div>
    </section>`;
  }

  private maskView(tight: number): TemplateResult {
    const m = this.metrics;
    const less = (v: number | null): number | null => (v === null ? null : 1 - v);
    const value = less(this.mean((x) => x.principalOverlap));
    const gaussian = less(this.mean((x) => x.principalNull));
    const step = less(this.mean((x) => x.principalNullStep));
    const lo = less(this.mean((x) => x.principalRange?.[1]));
    const hi = less(this.mean((x) => x.principalRange?.[0]));
    const verdicts = m.map((x) => maskVerdict(x));
    const common = commonVerdict(verdicts);
    const id = common?.verdict.id;
    const draw = (w: number): SVGElement =>
      bullet(w, {
        value,
        from: gaussian ?? 0,
        nulls: [
          { v: gaussian, kind: 'null' },
          { v: step, kind: 'null2' },
        ],
        ...(lo !== null && hi !== null ? { range: [lo, hi] as [number, number] } : {}),
        domain: [0, 1],
        // off the mask is a larger share off: the bar is lit only where a verdict stands
        dir: id === 'off' || id === 'on' ? id : null,
        label: `Off-principal share ${percent(value)}, Gaussian null ${percent(gaussian)}, step null ${percent(step)}`,
      });
    return html`<div>
      <div class="lab">
        <span class="figure">${percent(value)}</span
        ><span class="small quiet grow" title="1 − principal overlap, mean over the matrices">mask view</span>${
          common ? chip(common.verdict, common.word) : nothing
        }
      </div>
      <ox-plot .draw=${draw}></ox-plot>
      <div class="keys">
        ${key('null', `Gaussian null ${percent(gaussian)}`)}${key('null2', `step null ${percent(step)}`)}<i></i>${key(
          'band',
          `attainable ${percent(lo)} to ${percent(hi)}`,
        )}
      </div>
      <p>
        ${maskHeadline(
          verdicts.map((v) => v.id),
          tight,
          this.mean((x) => x.updateDensity),
        )}
      </p>
    </div>`;
  }

  private energyView(): TemplateResult {
    const joint = this.mean((x) => x.jointEnergy);
    const baseline = this.mean((x) => (x.jointEnergy === null ? null : x.jointEnergyBaseline));
    const common = commonVerdict(this.metrics.map(energyVerdict));
    const whole = ratioVerdict(joint === null || !baseline ? null : joint / baseline);
    const value = joint === null ? null : 1 - joint;
    const isotropic = baseline === null ? null : 1 - baseline;
    const draw = (w: number): SVGElement =>
      bullet(w, {
        value,
        from: isotropic ?? 1,
        nulls: [{ v: isotropic, kind: 'null' }],
        range: [0, 1],
        domain: [0, 1],
        dir: whole.id === 'on' || whole.id === 'off' ? whole.id : null,
        label: `Off-principal energy ${percent(value)}, isotropic ${percent(isotropic)}`,
      });
    const side = (s: 'left' | 'right'): string =>
      `${s} ${percent(this.mean((x) => x[`${s}Energy`]))} (${percent(this.mean((x) => x[`${s}EnergyBaseline`]))})`;
    return html`<div>
      <div class="lab">
        <span class="figure">${percent(value)}</span
        ><span class="small quiet grow" title="1 − joint energy, mean over the matrices">energy view</span>${
          common ? chip(common.verdict, common.word) : nothing
        }
      </div>
      <ox-plot .draw=${draw}></ox-plot>
      <div class="keys">
        ${key('null', `isotropic ${percent(isotropic)}`)}${key('band', 'attainable 0 to 100\u202f%')}<i></i>
        <span
          title="Mean share of the update’s energy in the leading left and right subspaces, with the isotropic share"
          >${side('left')}; ${side('right')}</span
        >
      </div>
      <p>${energyHeadline(joint, baseline)}</p>
    </div>`;
  }

  private unchanged(): TemplateResult {
    const { value, weights, complete } = this.view.model.weighted('unchangedBf16');
    const draw = (w: number): SVGElement =>
      bullet(w, { value, from: 0, range: [0, 1], domain: [0, 1], label: `Unchanged ${percent(value)}` });
    const unit = weights ? `of ${count(weights)}${complete ? '' : ' so far'}` : '';
    return this.card(
      'unchanged',
      'Unchanged in bf16',
      percent(value),
      unit,
      weights ? draw : nothing,
      weights ? key('band', 'attainable 0 to 100\u202f%') : nothing,
      value === null ? this.waiting('tensor') : unchangedHeadline(value),
    );
  }

  private shift(): TemplateResult {
    const name = 'Spectrum shift (NSS)';
    const nss = this.mean((x) => x.nss);
    if (nss === null)
      return this.card(
        'nss',
        name,
        EMPTY,
        '',
        nothing,
        nothing,
        this.metrics.length ? 'Undefined for every matrix.' : this.waiting(),
      );
    const limit = this.mean((x) => (x.nss === null ? null : x.relativeUpdate)) ?? 0;
    const top = Math.max(limit, nss, Number.MIN_VALUE);
    const draw = (w: number): SVGElement =>
      bullet(w, {
        value: nss,
        from: 0,
        nulls: [{ v: limit, kind: 'null' }],
        range: [0, limit],
        domain: [0, top * 1.08],
        label: `Spectrum shift ${percent(nss)}, limit ${percent(limit)}`,
      });
    const reading = limit === 0 ? 'No update, so no shift.' : nssHeadline(this.mean((x) => x.spectralShare));
    return this.card(
      'nss',
      name,
      percent(nss),
      this.of((x) => x.nss),
      draw,
      key('null', `limit ${percent(limit)}`),
      reading,
    );
  }

  private angles(): TemplateResult {
    const m = this.metrics;
    const name = 'Principal angles';
    const largest = m.flatMap((x) => [x.angleUMax, x.angleVMax]).filter((v): v is number => typeof v === 'number');
    if (!largest.length)
      return this.card(
        'angles',
        name,
        EMPTY,
        '',
        nothing,
        nothing,
        m.length ? 'Undefined for every matrix.' : this.waiting(),
      );
    const max = largest.reduce((a, b) => Math.max(a, b), 0);
    const mean = this.mean((x) =>
      typeof x.angleUMean === 'number' && typeof x.angleVMean === 'number' ? (x.angleUMean + x.angleVMean) / 2 : null,
    );
    const draw = (w: number): SVGElement =>
      bullet(w, {
        value: max,
        from: 0,
        nulls: [],
        range: [0, 90],
        domain: [0, 90],
        label: `Largest angle ${degrees(max)}`,
      });
    const given = m.filter((x) => typeof x.angleUMax === 'number');
    const reading = wedinHeadline(given.filter((x) => x.wedinVacuous).length, given.length);
    return this.card(
      'angles',
      name,
      degrees(max),
      `max; mean ${degrees(mean)}`,
      draw,
      key('band', 'attainable 0 to 90°'),
      reading,
      '',
      this.of((x) => x.angleUMax).replace('mean ', ''),
    );
  }

  private card(
    id: string,
    name: string,
    figure: string,
    unit: string,
    draw: ((w: number) => SVGElement) | typeof nothing,
    keys: unknown,
    reading: string,
    cls = '',
    of = '',
  ): TemplateResult {
    return html`<section class="card ${cls}" data-card=${id}>
      <h2>${name}<span class="of">${of}</span></h2>
      <div class="figure">${figure}${unit ? html`<small>${unit}</small>` : nothing}</div>
      ${draw === nothing ? nothing : html`<ox-plot .draw=${draw}></ox-plot>`}
      <div class="keys">${keys}</div>
      <p>${reading}</p>
    </section>`;
  }
}
define('ox-cards', Cards);
