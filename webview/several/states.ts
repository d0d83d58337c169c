/** What stands between title and maps: a failure of the whole, steps that are new, the plan before it is started, and nothing to show. */
import { nothing, type TemplateResult } from 'lit';
import { backendText } from '../comparison/backend.ts';
import { bytes, count, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tellError } from '../shared/l10n.ts';
import { progressLine } from '../shared/progress-line.ts';
import { icon } from '../shared/svg.ts';
import type { View } from './view.ts';

const ICON = { error: 0xea87, info: 0xea74 } as const;

export function progressOf({ model: { state, progress } }: View): TemplateResult {
  const isRunning = state?.phase === 'running';
  const isBusy = state?.phase === 'planning' || (isRunning && !progress);
  const share = isRunning && progress?.total ? Math.min(1, progress.done / progress.total) : 0;
  return progressLine(isBusy, share);
}

export function failure({ model: { state }, post }: View): TemplateResult | typeof nothing {
  if (!state?.error) return nothing;
  return html`<div class="banner error" role="alert" data-failed="whole">
    ${icon(ICON.error)}<span class="grow">${tellError(state.error)}</span
    ><button data-action="show-log" @click=${() => post({ type: 'showLog' })}>${t('Show Log')}</button
    ><button class="secondary" data-action="retry" @click=${() => post({ type: 'retry' })}>${t('Retry')}</button>
  </div>`;
}

/** Matrices of single runs that failed: counted, the first one's reason said. */
export function failures({ model, post }: View): TemplateResult | typeof nothing {
  if (model.state?.phase === 'running') return nothing;
  const { count, first } = model.failed;
  if (!first) return nothing;
  return html`<div class="banner error" role="status" data-failed="matrices">
    ${icon(ICON.error)}<span class="grow"
      >${plural(count, '{0} matrix failed.', '{0} matrices failed.', integer(count))}
      ${t('{0}, {1}: {2}', model.runs[first.run]?.name ?? '', first.name, tellError(first.error))}</span
    ><button data-action="show-log" @click=${() => post({ type: 'showLog' })}>${t('Show Log')}</button
    ><button class="secondary" data-action="retry" @click=${() => post({ type: 'retry' })}>${t('Retry')}</button>
  </div>`;
}

/** Steps of the watched folder that are in no figure yet. */
export function freshSteps({ model: { state }, post }: View): TemplateResult | typeof nothing {
  const fresh = state?.follow?.fresh ?? [];
  if (!fresh.length) return nothing;
  const ready = fresh.filter(({ waiting }) => waiting === null).map(({ step }) => step);
  return html`<div class="banner" role="status" data-new-steps>
    ${icon(ICON.info)}<span class="grow fresh"
      >${fresh.map(
        ({ step, path, waiting }) =>
          html`<span data-fresh=${step} title=${path}
            >${waiting === null ? t('Step {0} is new.', step) : t('Step {0}: {1}', step, waiting)}${
              waiting === null && ready.length > 1
                ? html` <button class="link" @click=${() => post({ type: 'include', steps: [step] })}>
                    ${t('Include Step {0}', step)}
                  </button>`
                : nothing
            }</span
          >`,
      )}</span
    >${
      ready.length
        ? html`<button class="secondary" data-action="include" @click=${() => post({ type: 'include', steps: ready })}>
            ${ready.length > 1 ? t('Include All') : t('Include')}
          </button>`
        : nothing
    }
  </div>`;
}

/** Before anything is computed. */
export function planned({ model: { plan, state, matrices, runs }, post }: View): TemplateResult {
  if (!plan)
    return html`<div class="plan" role="main" data-planning>
      <p class="quiet">${state?.phase === 'failed' ? t('Nothing was computed.') : t('Reading the headers.')}</p>
    </div>`;
  const figures: [string, string][] = [
    [t('To read'), bytes(plan.cost.bytesToRead)],
    ...(plan.cost.bytesToTravel > 0 ? [[t('To download'), bytes(plan.cost.bytesToTravel)] as [string, string]] : []),
    [state?.kind === 'steps' ? t('Steps') : t('Runs'), integer(runs.length)],
    [t('Matrices'), integer(matrices.length)],
    [t('Weights'), count(plan.cost.weights)],
    [t('Memory at its peak'), bytes(plan.cost.peakBytes)],
  ];
  return html`<div class="plan" role="main" data-planned>
    <div class="plan-head">
      <div class="grow">
        <h2>${t('Ready to compare')}</h2>
        <p class="quiet">
          ${[
            ...(state?.backend ? [t('Computes on {0}.', backendText(state.backend))] : []),
            t('Nothing is written; the checkpoints are only read.'),
          ].join(' ')}
        </p>
      </div>
      ${
        state?.phase === 'planned'
          ? html`<button class="primary" data-action="start" @click=${() => post({ type: 'start' })}>
              ${t('Start')}
            </button>`
          : nothing
      }
    </div>
    <div class="costs">
      ${figures.map(
        ([name, figure]) =>
          html`<div>
            <h3 class="quiet">${name}</h3>
            <div class="figure">${figure}</div>
          </div>`,
      )}
    </div>
  </div>`;
}
export const nothingPairs = (): TemplateResult =>
  html`<div class="plan" role="main">
    <div class="empty" data-empty="matrices">
      <p>${t('No matrix of the base has a partner in these checkpoints.')}</p>
      <p class="quiet">${t('Names or shapes differ everywhere; the ordinary comparison of one of them says where.')}</p>
    </div>
  </div>`;
