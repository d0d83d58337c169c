/** What stands around a picture of a matrix: what is drawn, its legend, how far the reading is, and why there is none. */
import { nothing, type TemplateResult } from 'lit';
import type { Picture, PictureKind } from '../../../src/protocol/matrix.ts';
import { duration, percent } from '../format.ts';
import { ends } from '../heatmap-scale.ts';
import { html } from '../html.ts';
import { plural, t } from '../l10n.ts';
import type { PictureProgress } from '../matrix-client.ts';
import {
  coverage,
  figure,
  isShare,
  kindName,
  lostOf,
  statisticName,
  STATISTICS,
  type Scaling,
  type Statistic,
} from './figures.ts';

export interface Choice {
  kind?: PictureKind;
  statistic?: Statistic;
  isFull?: boolean;
}
/** What is drawn, which figure of a pixel, on which scale; and the buttons that zoom. */
export function toolbar(
  now: { kinds: readonly PictureKind[]; kind: PictureKind; statistic: Statistic; isFull: boolean; isWhole: boolean },
  /** `zoom`: in, out, or 0 for the whole */
  act: { choose(change: Choice): void; zoom(by: 1 | -1 | 0): void },
): TemplateResult {
  const press = (on: boolean, action: string, name: string, change: Choice, hint = ''): TemplateResult =>
    html`<button
      data-action=${action}
      aria-pressed=${String(on)}
      title=${hint || nothing}
      @click=${() => act.choose(change)}
    >
      ${name}
    </button>`;
  const pick = (event: Event): void =>
    act.choose({ statistic: (event.target as HTMLSelectElement).value as Statistic });
  return html`<div class="mp-tools">
    <div class="switch" role="group" aria-label=${t('What is drawn')}>
      ${now.kinds.map((kind) => press(kind === now.kind, `kind-${kind}`, kindName(kind), { kind }))}
    </div>
    <label class="row"
      ><span class="sr">${t('Figure of a pixel')}</span
      ><select data-action="statistic" @change=${pick}>
        ${STATISTICS.map((s) => html`<option value=${s} ?selected=${s === now.statistic}>${statisticName(s)}</option>`)}
      </select></label
    >
    ${press(now.isFull, 'full-range', t('Full Range'), { isFull: !now.isFull }, t('Stretch the scale over every pixel; else it takes in 99.5 % of them'))}
    <span class="grow"></span>
    <span class="mp-zoom"
      ><button
        data-action="zoom-out"
        title=${t('Zoom out ( − )')}
        ?disabled=${now.isWhole}
        @click=${() => act.zoom(-1)}
      >
        −
      </button>
      <button data-action="zoom-in" title=${t('Zoom in ( + )')} @click=${() => act.zoom(1)}>+</button>
      <button
        data-action="zoom-whole"
        title=${t('The whole matrix ( 0 )')}
        ?disabled=${now.isWhole}
        @click=${() => act.zoom(0)}
      >
        ${t('Whole')}
      </button></span
    >
  </div>`;
}

export function failure(message: string, retry: () => void): TemplateResult {
  return html`<div class="banner error inset" role="alert" data-state="failed">
    <span class="grow">${message}</span>
    <button data-action="retry-picture" @click=${retry}>${t('Retry')}</button>
  </div>`;
}

export function progressRow({ done, total, secondsLeft }: PictureProgress, cancel: () => void): TemplateResult {
  const left = secondsLeft === null ? '' : `, ${t('about {0} left', duration(secondsLeft))}`;
  return html`<div class="row small quiet" role="status">
    <progress max=${total} .value=${done} aria-label=${t('Reading the weights')}></progress>
    <span class="grow">${percent(done / total, 2)}${left}</span>
    <button data-action="cancel-picture" @click=${cancel}>${t('Cancel')}</button>
  </div>`;
}

export function legend(picture: Picture, { scale, beyond }: Scaling): TemplateResult {
  const { kind } = picture;
  const [low, high] = ends(scale);
  const { weights: bad, isAll } = lostOf(picture);
  if (isAll)
    return html`<p class="mp-legend small" data-legend data-coverage>
      ${t('Every weight here is NaN or infinite: there is nothing to draw. The scan of the inspector says where they begin.')}
    </p>`;
  const facts = [
    coverage(picture),
    beyond ? plural(beyond, '{0} pixel lies beyond the scale', '{0} pixels lie beyond the scale') : '',
    bad
      ? plural(bad, '{0} weight is not finite: crossed out', '{0} weights are not finite: crossed out or hatched')
      : '',
    isShare(kind)
      ? t('edges: share of changed weights of each row and column')
      : t('edges: mean |w| of each row and column'),
  ].filter(Boolean);
  return html`<div class="mp-legend small quiet" data-legend>
    <span class="num">${figure(kind, low)}</span><canvas class="mp-ramp" aria-hidden="true"></canvas
    ><span class="num">${figure(kind, high)}</span><span data-coverage>${facts.join('; ')}</span>
  </div>`;
}
