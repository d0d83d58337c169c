/** Headline cards: each figure beside what noise would give, with one plain sentence that claims no more than its null allows. */
import { nothing, type TemplateResult } from 'lit';
import { isPartial } from '../../src/metrics/coverage.ts';
import { LARGEST_ANGLE, OFF_MASK, SHIFT, toldOf, type Told } from '../../src/metrics/headlines.ts';
import { meanOf } from '../../src/protocol/lists.ts';
import type { ComparisonMetrics } from '../../src/protocol/results.ts';
import { count, degrees, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import '../shared/plot.ts';
import type { Draw, Drawing } from '../shared/plot.ts';
import { nssHeadline, unchangedHeadline, wedinHeadline } from '../shared/readings.ts';
import { key, readBullet } from '../shared/svg.ts';
import { drawn } from './headline.ts';
import { define, ViewElement } from './view.ts';
import { viewsCard } from './views-card.ts';

const EMPTY = '–';

/** What stands on a card. A card without a figure says why. */
interface Card {
  name: string;
  figure?: string;
  unit?: string;
  draw?: Draw;
  keys?: unknown;
  reading: string;
  cls?: string;
  of?: string;
}

class Cards extends ViewElement {
  private get metrics(): ComparisonMetrics[] {
    return this.view.model.live().map((t) => t.metrics);
  }
  /** "mean of 42", "of 42" if the figure is not a mean; and how many are null: a figure never comes without its number. */
  private of({ count: given, nulls }: Told, isMean = true): string {
    const planned = this.view.model.matrices.length;
    if (given + nulls < planned) {
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
    const { metrics } = this;
    return metrics.length
      ? viewsCard(metrics, this.of(toldOf(OFF_MASK, metrics)))
      : this.card('alignment', { name: t('Off-principal alignment'), reading: this.waiting(), cls: 'wide' });
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
    return this.card('unchanged', {
      name: t('Unchanged in bf16'),
      figure: percent(value),
      unit,
      ...(weights ? { draw, keys: key('band', t('attainable {0} to {1}', percent(0), percent(1))) } : {}),
      reading: value === null ? this.waiting('tensor') : unchangedHeadline(value),
    });
  }

  /** Why a figure of matrices is not there. */
  private absent(): string {
    return this.metrics.length ? t('Undefined for every matrix.') : this.waiting();
  }

  private shift(): TemplateResult {
    const { metrics } = this;
    const name = tell(SHIFT.label);
    const told = toldOf(SHIFT, metrics);
    if (told.value === null) return this.card('nss', { name, reading: this.absent() });
    const limit = told.beside[0] ?? 0;
    const top = Math.max(limit, told.value, told.twin ?? 0, Number.MIN_VALUE);
    const mean = (id: 'spectralShare' | 'spectralShareBaseline'): number | null => meanOf(metrics.map((m) => m[id]));
    return this.card('nss', {
      name,
      ...drawn(SHIFT, told, { label: name, value: t('mean of the matrices'), domain: [0, top * 1.08] }),
      unit: this.of(told),
      reading:
        limit === 0 ? t('No update, so no shift.') : nssHeadline(mean('spectralShare'), mean('spectralShareBaseline')),
    });
  }

  private angles(): TemplateResult {
    const { metrics } = this;
    const name = t('Principal angles');
    const told = toldOf(LARGEST_ANGLE, metrics);
    if (told.value === null) return this.card('angles', { name, reading: this.absent() });
    const mean = degrees(
      meanOf(metrics.flatMap((m) => (LARGEST_ANGLE.of(m) === null ? [] : [m.angleUMean, m.angleVMean]))),
    );
    const given = metrics.filter((m) => LARGEST_ANGLE.of(m) !== null);
    return this.card('angles', {
      name,
      ...drawn(LARGEST_ANGLE, told, { label: name, value: t('largest'), rows: [[t('mean'), mean]] }),
      unit: t('max; mean {0}', mean),
      reading: wedinHeadline(given.filter((m) => m.wedinVacuous).length, given.length),
      of: this.of(told, false),
    });
  }

  private card(id: string, card: Card): TemplateResult {
    const { name, figure = EMPTY, unit = '', draw, keys = nothing, reading, cls = '', of = '' } = card;
    return html`<section class="card ${cls}" data-card=${id}>
      <h2>${name}<span class="of">${of}</span></h2>
      <div class="figure">${figure}${unit ? html`<small>${unit}</small>` : nothing}</div>
      ${draw ? html`<ox-plot .draw=${draw}></ox-plot>` : nothing}
      <div class="keys">${keys}</div>
      <p>${reading}</p>
    </section>`;
  }
}
define('ox-cards', Cards);
