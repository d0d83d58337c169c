/** Headline cards: each figure beside what noise would give, with one plain sentence that claims no more than its null allows. */
import { nothing, type TemplateResult } from 'lit';
import { greatest } from '../../src/protocol/lists.ts';
import type { ComparisonMetrics } from '../../src/protocol/results.ts';
import { count, degrees, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { isPartial } from '../../src/metrics/coverage.ts';
import {
  disagreeing,
  energySaid,
  littleRoom,
  maskSaid,
  tally,
  type Figures,
  type Said,
} from '../../src/metrics/verdict.ts';
import { energyHeadline, maskHeadline, nssHeadline, unchangedHeadline, wedinHeadline } from '../shared/readings.ts';
import { key, readBullet } from '../shared/svg.ts';
import { meanOf } from './model.ts';
import '../shared/plot.ts';
import type { Draw, Drawing } from '../shared/plot.ts';
import { twinParts } from './twin.ts';
import { define, ViewElement } from './view.ts';

type Get = (m: Figures) => number | null | undefined;
const EMPTY = '–';

export const chip = (said: Said, word = tell(said.words.title)): TemplateResult =>
  html`<span class="verdict ${said.id}" data-verdict=${said.id} title=${tell(said.words.title)}><i></i>${word}</span>`;

/** The verdict that most matrices share; with how many, if not all do. Beside a count it has to be short. */
function commonVerdict(verdicts: readonly Said[]): { verdict: Said; word: string } | null {
  const [most] = tally(verdicts, (said) => said).sort((a, b) => b.items.length - a.items.length);
  if (!most) return null;
  const { words, items } = most;
  return {
    verdict: most,
    word:
      items.length === verdicts.length
        ? tell(words.title)
        : t('{0} in {1} of {2}', tell(words.short), items.length, verdicts.length),
  };
}

class Cards extends ViewElement {
  private get metrics(): ComparisonMetrics[] {
    return this.view.model.live().map((t) => t.metrics);
  }
  private mean(get: Get): number | null {
    return meanOf(this.metrics.map(get));
  }
  /** of noise of the same size */
  private twinMean(get: Get): number | null {
    return meanOf(this.metrics.map(({ twin }) => twin && get(twin)));
  }
  /** "mean of 42", "of 42" if the figure is not a mean; and how many are null: a figure never comes without its number. */
  private of(get: Get, isMean = true): string {
    const all = this.metrics.map(get);
    const nulls = all.filter((v) => v === null || v === undefined).length;
    const planned = this.view.model.matrices.length;
    const given = all.length - nulls;
    if (all.length < planned) {
      if (isMean)
        return nulls
          ? t('mean of {0} of {1}, {2} null', given, planned, nulls)
          : t('mean of {0} of {1}', given, planned);
      return nulls ? t('of {0} of {1}, {2} null', given, planned, nulls) : t('of {0} of {1}', given, planned);
    }
    if (isMean) return nulls ? t('mean of {0}, {1} null', given, nulls) : t('mean of {0}', given);
    return nulls ? t('of {0}, {1} null', given, nulls) : t('of {0}', given);
  }
  private waiting(what: 'matrix' | 'tensor' = 'matrix'): string {
    const state = this.view.model.state;
    if (what === 'matrix' && state?.parameters.spectra === false)
      return t('Not computed: this run leaves spectra out.');
    if (what === 'matrix' && !this.view.model.matrices.length) return t('No matrix of the transformer blocks pairs.');
    if (state?.phase !== 'running') return t('Not computed.');
    return what === 'matrix' ? t('Waiting for the first matrix.') : t('Waiting for the first tensor.');
  }

  protected override render(): TemplateResult {
    return html`<section class="cards" aria-label=${t('Summary')}>
      ${this.alignment()} ${this.unchanged()} ${this.shift()} ${this.angles()}
    </section>`;
  }

  private alignment(): TemplateResult {
    const m = this.metrics;
    const n = m.length;
    if (!n)
      return this.card('alignment', t('Off-principal alignment'), EMPTY, '', nothing, nothing, this.waiting(), 'wide');
    const differ = m.filter(disagreeing).length;
    const tight = m.filter(littleRoom).length;
    const note = differ
      ? html`<span
          class="verdict differ"
          title=${t('The mask view and the energy view say different things; neither is dropped.')}
          ><b>≠</b
          >${differ === n ? t('Views disagree in all {0}', n) : t('Views disagree in {0} of {1}', differ, n)}</span
        >`
      : tight > n / 2
        ? html`<span class="verdict">${t('Mask view has little room')}</span>`
        : nothing;
    return html`<section class="card wide" data-card="alignment">
      <h2>${t('Off-principal alignment')} ${note}<span class="of">${this.of((x) => x.principalOverlap)}</span></h2>
      <div class="views">${this.maskView(tight)} ${this.energyView()}</div>
    </section>`;
  }

  private maskView(tight: number): TemplateResult {
    const m = this.metrics;
    const less = (v: number | null): number | null => (v === null ? null : 1 - v);
    const value = less(this.mean((x) => x.principalOverlap));
    const gaussian = less(this.mean((x) => x.principalNull));
    const step = less(this.mean((x) => x.principalNullStep));
    const proportional = less(this.mean((x) => x.principalNullProportional));
    const lo = less(this.mean((x) => x.principalRange?.[1]));
    const hi = less(this.mean((x) => x.principalRange?.[0]));
    const twin = twinParts(value, less(this.twinMean((x) => x.principalOverlap)), percent);
    const verdicts = m.map(maskSaid);
    const common = commonVerdict(verdicts);
    const id = common?.verdict.id;
    const draw = (w: number): Drawing =>
      readBullet(w, {
        value,
        from: gaussian ?? 0,
        nulls: [
          { v: gaussian, kind: 'null' },
          { v: step, kind: 'null2' },
          { v: proportional, kind: 'null3' },
          ...twin.nulls,
        ],
        ...(lo !== null && hi !== null ? { range: [lo, hi] as [number, number] } : {}),
        domain: [0, 1],
        // off the mask is a larger share off: the bar is lit only if a verdict stands
        dir: id === 'off' || id === 'on' ? id : null,
        label: t('Off-principal, mask view'),
        rows: [
          [t('mean of the matrices'), percent(value)],
          [t('Gaussian null'), percent(gaussian)],
          [t('step null'), percent(step)],
          [t('proportional null'), percent(proportional)],
          ...twin.rows,
          [t('attainable'), t('{0} to {1}', percent(lo), percent(hi))],
        ],
      });
    return html`<div>
      <div class="lab">
        <span class="figure">${percent(value)}</span
        ><span class="small quiet grow" title=${t('1 − principal overlap, mean over the matrices')}
          >${t('mask view')}</span
        >${common ? chip(common.verdict, common.word) : nothing}
      </div>
      <ox-plot .draw=${draw}></ox-plot>
      <div class="keys">
        ${key('null', t('Gaussian null {0}', percent(gaussian)))}${key('null2', t('step null {0}', percent(step)))}${key('null3', t('proportional null {0}', percent(proportional)))}${twin.key}<i
        ></i>${key('band', t('attainable {0} to {1}', percent(lo), percent(hi)))}
      </div>
      <p>
        ${maskHeadline(
          verdicts.map((v) => v.id),
          tight,
          this.mean((x) => x.updateDensity),
          m.filter((x) => x.updateNorm === 0).length,
        )}
      </p>
    </div>`;
  }

  private energyView(): TemplateResult {
    const joint = this.mean((x) => x.jointEnergy);
    const baseline = this.mean((x) => (x.jointEnergy === null ? null : x.jointEnergyBaseline));
    const common = commonVerdict(this.metrics.map(energySaid));
    const id = common?.verdict.id;
    const value = joint === null ? null : 1 - joint;
    const isotropic = baseline === null ? null : 1 - baseline;
    const noise = this.twinMean((x) => x.jointEnergy);
    const twin = twinParts(value, noise === null ? null : 1 - noise, percent);
    const draw = (w: number): Drawing =>
      readBullet(w, {
        value,
        from: isotropic ?? 1,
        nulls: [{ v: isotropic, kind: 'null' }, ...twin.nulls],
        range: [0, 1],
        domain: [0, 1],
        dir: id === 'on' || id === 'off' ? id : null,
        label: t('Off-principal, energy view'),
        rows: [
          [t('mean of the matrices'), percent(value)],
          [t('isotropic'), percent(isotropic)],
          ...twin.rows,
          [t('attainable'), t('{0} to {1}', percent(0), percent(1))],
        ],
      });
    const side = (s: 'left' | 'right'): string =>
      s === 'left'
        ? t('left {0} ({1})', percent(this.mean((x) => x.leftEnergy)), percent(this.mean((x) => x.leftEnergyBaseline)))
        : t(
            'right {0} ({1})',
            percent(this.mean((x) => x.rightEnergy)),
            percent(this.mean((x) => x.rightEnergyBaseline)),
          );
    return html`<div>
      <div class="lab">
        <span class="figure">${percent(value)}</span
        ><span class="small quiet grow" title=${t('1 − joint energy, mean over the matrices')}>${t('energy view')}</span
        >${common ? chip(common.verdict, common.word) : nothing}
      </div>
      <ox-plot .draw=${draw}></ox-plot>
      <div class="keys">
        ${key('null', t('isotropic {0}', percent(isotropic)))}${twin.key}${key('band', t('attainable 0 to {0}', percent(1)))}<i
        ></i>
        <span
          title=${t('Mean share of the update’s energy in the leading left and right subspaces, with the isotropic share')}
          >${side('left')}; ${side('right')}</span
        >
      </div>
      <p>${energyHeadline(joint, baseline)}</p>
    </div>`;
  }

  private unchanged(): TemplateResult {
    const { value, weights, complete } = this.view.model.weighted('unchangedBf16');
    const draw = (w: number): Drawing =>
      readBullet(w, {
        value,
        from: 0,
        range: [0, 1],
        domain: [0, 1],
        label: t('Unchanged in bf16'),
        rows: [
          [t('share of the weights'), percent(value)],
          [t('null'), t('none defined')],
        ],
      });
    const share = this.view.model.state?.summary?.coverage ?? null;
    const of = !weights ? '' : complete ? t('of {0}', count(weights)) : t('of {0} so far', count(weights));
    const unit = weights && isPartial(share) ? t("{0}, {1} of the base's", of, percent(share)) : of;
    return this.card(
      'unchanged',
      t('Unchanged in bf16'),
      percent(value),
      unit,
      weights ? draw : nothing,
      weights ? key('band', t('attainable 0 to {0}', percent(1))) : nothing,
      value === null ? this.waiting('tensor') : unchangedHeadline(value),
    );
  }

  private shift(): TemplateResult {
    const name = t('Spectrum shift (NSS)');
    const nss = this.mean((x) => x.nss);
    if (nss === null)
      return this.card(
        'nss',
        name,
        EMPTY,
        '',
        nothing,
        nothing,
        this.metrics.length ? t('Undefined for every matrix.') : this.waiting(),
      );
    const limit = this.mean((x) => (x.nss === null ? null : x.relativeUpdate)) ?? 0;
    const noise = this.twinMean((x) => x.nss);
    const twin = twinParts(nss, noise, percent);
    const top = Math.max(limit, nss, noise ?? 0, Number.MIN_VALUE);
    const draw = (w: number): Drawing =>
      readBullet(w, {
        value: nss,
        from: 0,
        nulls: [{ v: limit, kind: 'null' }, ...twin.nulls],
        range: [0, limit],
        domain: [0, top * 1.08],
        label: t('Spectrum shift (NSS)'),
        rows: [[t('mean of the matrices'), percent(nss)], [t('limit'), percent(limit)], ...twin.rows],
      });
    const reading =
      limit === 0
        ? t('No update, so no shift.')
        : nssHeadline(
            this.mean((x) => x.spectralShare),
            this.mean((x) => x.spectralShareBaseline),
          );
    return this.card(
      'nss',
      name,
      percent(nss),
      this.of((x) => x.nss),
      draw,
      [key('null', t('limit {0}', percent(limit))), twin.key],
      reading,
    );
  }

  private angles(): TemplateResult {
    const m = this.metrics;
    const name = t('Principal angles');
    const largest = m.flatMap((x) => [x.angleUMax, x.angleVMax]).filter((v): v is number => typeof v === 'number');
    if (!largest.length)
      return this.card(
        'angles',
        name,
        EMPTY,
        '',
        nothing,
        nothing,
        m.length ? t('Undefined for every matrix.') : this.waiting(),
      );
    const max = greatest(largest);
    const mean = this.mean((x) =>
      typeof x.angleUMean === 'number' && typeof x.angleVMean === 'number' ? (x.angleUMean + x.angleVMean) / 2 : null,
    );
    const noise = m
      .flatMap(({ twin }) => [twin?.angleUMax, twin?.angleVMax])
      .filter((v): v is number => typeof v === 'number');
    const twin = twinParts(max, noise.length ? greatest(noise) : null, degrees);
    const draw = (w: number): Drawing =>
      readBullet(w, {
        value: max,
        from: 0,
        nulls: twin.nulls,
        range: [0, 90],
        domain: [0, 90],
        label: t('Principal angles'),
        rows: [
          [t('largest'), degrees(max)],
          ...twin.rows,
          [t('mean'), degrees(mean)],
          [t('attainable'), t('{0} to {1}', degrees(0), degrees(90))],
        ],
      });
    const given = m.filter((x) => typeof x.angleUMax === 'number');
    const reading = wedinHeadline(given.filter((x) => x.wedinVacuous).length, given.length);
    return this.card(
      'angles',
      name,
      degrees(max),
      t('max; mean {0}', degrees(mean)),
      draw,
      [twin.key, key('band', t('attainable 0 to {0}', degrees(90)))],
      reading,
      '',
      this.of((x) => x.angleUMax, false),
    );
  }

  private card(
    id: string,
    name: string,
    figure: string,
    unit: string,
    draw: Draw | typeof nothing,
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
