/** The strips above everything else: what is compared, progress, and what went wrong. */
import { nothing, type TemplateResult } from 'lit';
import { adapterSaid } from '../../src/metrics/adapter.ts';
import { coverageSaid, coverageWarning, pairingNotes, coveredShare } from '../../src/metrics/coverage.ts';
import { lineageWarning } from '../../src/metrics/lineage.ts';
import { quantisationSaid } from '../../src/metrics/quantisation.ts';
import type { Progress } from '../../src/protocol/views.ts';
import { count, cutText, duration, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import { icon, s } from '../shared/svg.ts';
import { backendText, backendTitle, elsewhereText } from './backend.ts';
import { diskBanners } from './disk.ts';
import { define, ViewElement, type View } from './view.ts';

const ICON = {
  export: 0xebac,
  figure: 0xeaea,
  terminal: 0xea85,
  stopped: 0xeabd,
  error: 0xea87,
  info: 0xea74,
} as const;

/** "9 s"; null if nothing can be said yet. */
const timeLeft = (seconds: number | null): string | null =>
  seconds === null || !Number.isFinite(seconds) ? null : duration(seconds);

function progressText({ phase, done, total, secondsLeft }: Progress): string {
  const left = timeLeft(secondsLeft);
  if (phase === 'change')
    return left === null
      ? t('Comparing stored codes: {0} of {1} tensors. Change figures come first, spectra follow.', done, total)
      : t(
          'Comparing stored codes: {0} of {1} tensors, about {2} left. Change figures come first, spectra follow.',
          done,
          total,
          left,
        );
  return left === null
    ? t(
        'Computing: {0} of {1} matrices. Change figures are complete; spectra, angles and alignment count only these.',
        done,
        total,
      )
    : t(
        'Computing: {0} of {1} matrices, about {2} left. Change figures are complete; spectra, angles and alignment count only these.',
        done,
        total,
        left,
      );
}

/** Characters of a name and of a note in a banner. */
const MAX_NAME = 120;
const MAX_NOTE = 400;

class Title extends ViewElement {
  protected override render(): TemplateResult {
    const { state, matrices, layerCount: layers, tensors, coverage, dtypes } = this.view.model;
    const plan = state?.plan;
    const facts = plan?.pairs.length
      ? [
          layers
            ? [plural(layers, '{0} layer', '{0} layers'), plural(matrices.length, '{0} matrix', '{0} matrices')].join(
                ', ',
              )
            : plural(plan.pairs.length, '{0} tensor', '{0} tensors'),
          t(
            '{0} weights, {1}',
            count(plan.cost.weights),
            dtypes.slice(0, 3).reduce((list, dtype) => t('{0} and {1}', list, dtype)),
          ),
          ...(coverage ? [tell(coverageSaid(coverage, percent))] : []),
        ]
      : [];
    const actions = tensors.size > 0;
    return html`<header class="title">
      <h1>
        <b title=${state?.base ?? ''}>${state?.baseName ?? ''}</b
        ><span class="arrow" role="img" aria-label=${t('compared with')}>↔</span
        ><b title=${state?.tuned ?? ''}>${state?.tunedName ?? ''}</b>
      </h1>
      <div class="facts quiet small grow">
        ${facts.map((fact) => html`<span>${fact}</span>`)}
        ${
          state?.backend
            ? html`<span data-backend=${state.backend.kind} title=${backendTitle(state.backend, tensors.values())}
                >${backendText(state.backend)}${elsewhereText(state.backend, tensors.values())}</span
              >`
            : nothing
        }
      </div>
      <div class="actions">
        ${
          actions
            ? html`<button
                  data-action="export"
                  title=${t('Export as CSV or JSON')}
                  @click=${() => this.view.post({ type: 'export' })}
                >
                  ${icon(ICON.export)}<span class="words">${t('Export…')}</span></button
                ><button
                  data-action="export-figure"
                  title=${t('Save the comparison as one SVG picture')}
                  @click=${() => this.view.post({ type: 'exportFigure' })}
                >
                  ${icon(ICON.figure)}<span class="words">${t('Figure…')}</span>
                </button>`
            : nothing
        }
        ${
          plan?.pairs.length
            ? html`<button
                data-action="copy-command-line"
                title=${state?.commandLine ?? ''}
                @click=${() => this.view.post({ type: 'copyCommandLine' })}
              >
                ${icon(ICON.terminal)}<span class="words">${t('Copy as Command Line')}</span>
              </button>`
            : nothing
        }
      </div>
    </header>`;
  }
}
define('ox-title', Title);

function line(share: number): SVGElement {
  return s(
    'svg',
    { viewBox: '0 0 100 2', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    s('rect', { x: 0, y: 0, width: 100 * Math.min(1, share), height: 2 }),
  );
}
const counts = (view: View): { done: number; total: number } => ({
  done: view.model.live().length,
  total: view.model.matrices.length,
});

class Banners extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const state = this.view.model.state;
    if (!state) return nothing;
    return html`${diskBanners(this.view)} ${this.adapter()} ${this.coverage()} ${this.lineage()} ${this.quantisation()}
    ${this.work()} ${this.failures()} ${this.notice()}`;
  }

  private work(): TemplateResult | typeof nothing {
    const { view } = this;
    const state = view.model.state;
    const { done, total } = counts(view);
    if (state?.phase === 'running') {
      const p = state.progress;
      const share = p && p.total ? p.done / p.total : 0;
      const text = !p ? t('Starting the engine.') : progressText(p);
      return html`<div class="progress" data-progress=${share.toFixed(3)}>${line(share)}</div>
        <div class="banner" role="status">
          <span class="grow">${text}</span
          ><button class="secondary" data-action="cancel" @click=${() => view.post({ type: 'cancel' })}>
            ${t('Cancel')}
          </button>
        </div>`;
    }
    if (state?.phase === 'cancelled') {
      const text = t(
        'Cancelled after {0} of {1} matrices. Spectra, angles and alignment count only these; everything computed stays.',
        done,
        total,
      );
      return html`<div class="banner" role="status">
        ${icon(ICON.stopped)}<span class="grow">${text}</span>${
          // what is left would be computed of other bytes
          view.model.disk
            ? nothing
            : html`<button class="secondary" data-action="resume" @click=${() => view.post({ type: 'resume' })}>
                ${t('Resume')}
              </button>`
        }
      </div>`;
    }
    return nothing;
  }

  /** What the tuned side is, if it is not weights. What merging it would lose stands in the answer. */
  private adapter(): TemplateResult | typeof nothing {
    const { state } = this.view.model;
    const shown = (text: string): string => cutText(text, MAX_NAME);
    const said = state?.plan && adapterSaid(state.plan, (scale) => num(scale, 4), shown);
    if (!said) return nothing;
    return html`<div class="banner" role="status" data-adapter=${shown(state.plan?.tunedAdapter?.kind ?? '')}>
      ${icon(ICON.info)}<span class="grow">${tell(said)}</span>
    </div>`;
  }
  /** In front of every figure, if they are of a part of the base; and how the two sides were made to agree. */
  private coverage(): TemplateResult | typeof nothing {
    const { coverage } = this.view.model;
    const plan = this.view.model.state?.plan;
    if (!plan?.pairs.length || !coverage) return nothing;
    const warning = coverageWarning(coverage, percent, (name) => cutText(name, MAX_NAME));
    return html`${
      warning
        ? html`<div class="banner warning" role="status" data-coverage=${String(coveredShare(coverage))}>
            <span class="grow">${tell(warning)}</span>
          </div>`
        : nothing
    }
    ${pairingNotes(plan.problems).map(
      ({ code, message }) =>
        html`<div class="banner" role="status" data-note=${code}>
          ${icon(ICON.info)}<span class="grow">${cutText(message, MAX_NOTE)}</span>
        </div>`,
    )}`;
  }
  /** In front of every figure, if the two are hardly base and tuned. */
  private lineage(): TemplateResult | typeof nothing {
    const found = this.view.model.state?.summary?.lineage;
    const warning = found && lineageWarning(found);
    if (!found || !warning) return nothing;
    return html`<div class="banner warning" role="status" data-lineage=${found.verdict}>
      <span class="grow">${tell(warning)} ${t('Median cosine {0}.', num(found.cosine, 3))}</span>
    </div>`;
  }
  /** What the difference is, if a side is quantised. */
  private quantisation(): TemplateResult | typeof nothing {
    const found = this.view.model.state?.summary?.quantisation;
    if (!found) return nothing;
    return html`<div class="banner" role="status" data-quantisation>
      ${icon(ICON.info)}<span class="grow">${tell(quantisationSaid(found))}</span>
    </div>`;
  }
  /** Said once: why the CPU computes. */
  private notice(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const text = model.state?.notice ?? null;
    if (text === null) return nothing;
    return html`<div class="banner" role="status" data-notice>
      ${icon(ICON.info)}<span class="grow">${text}</span
      ><button data-action="gpu-information" @click=${() => post({ type: 'showGpuInformation' })}>
        ${t('GPU Information')}</button
      ><button class="secondary" data-action="dismiss-notice" @click=${() => post({ type: 'dismissNotice' })}>
        ${t('Dismiss')}
      </button>
    </div>`;
  }

  private failures(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    // of the whole: a run that ended early, or results of other bytes than those on disk now
    const whole = model.state?.error ?? null;
    const [first] = model.failed;
    if (!whole && !first) return nothing;
    const others = model.failed.size - 1;
    const sentences = whole
      ? [whole.message]
      : [
          first ? naming(first[0], first[1].message) : '',
          others > 0 ? plural(others, '{0} more failed.', '{0} more failed.') : '',
          model.state?.phase === 'running' ? t('The other matrices go on.') : '',
        ];
    return html`<div class="banner error" role="alert" data-failed=${whole ? 'whole' : String(model.failed.size)}>
      ${icon(ICON.error)}<span class="grow">${sentences.filter(Boolean).join(' ')}</span
      ><button data-action="show-log" @click=${() => post({ type: 'showLog' })}>${t('Show Log')}</button>${
        whole && model.state?.backend?.kind === 'gpu' && (whole.code === 'device-lost' || whole.code === 'peer-gone')
          ? html`<button data-action="use-cpu" @click=${() => post({ type: 'useCpu' })}>${t('Use CPU')}</button>`
          : nothing
      }<button
        class="secondary"
        data-action="retry"
        @click=${() => {
          model.failed.clear();
          post({ type: 'retry' });
        }}
      >
        ${t('Retry')}
      </button>
    </div>`;
  }
}
define('ox-banners', Banners);

/** The message, led by the tensor's name if it does not name it itself. */
export const naming = (name: string, message: string): string =>
  message.includes(name) ? message : `${name}: ${message}`;
