/** The title: which two are compared, quiet facts of them, and one menu for everything that leaves the page. */
import { nothing, type TemplateResult } from 'lit';
import { coverageSaid } from '../../src/metrics/coverage.ts';
import { count, cutText, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import { closePopover, placeAtButton } from '../shared/popover.ts';
import { icon } from '../shared/svg.ts';
import { backendText, backendTitle, elsewhereText } from './backend.ts';
import './gear.ts';
import { define, ViewElement } from './view.ts';

const ICON = { export: 0xebac, down: 0xeab4, swap: 0xebcb } as const;
/** Characters of a kind that a file names. */
const MAX_KIND = 60;

class Title extends ViewElement {
  protected override render(): TemplateResult {
    const { state, tensors } = this.view.model;
    return html`<header class="title">
      <h1>${this.side('base')}${this.swap()}${this.side('tuned')}${this.addRun()}</h1>
      <div class="facts quiet small grow">${this.facts()}</div>
      ${state ? html`<ox-gear .view=${this.view} .version=${this.version}></ox-gear>` : nothing}
      ${tensors.size > 0 || state?.plan?.pairs.length ? this.exports() : nothing}
    </header>`;
  }

  /** The path, as far as it tells the two apart; pressing it chooses another one. */
  private side(side: 'base' | 'tuned'): TemplateResult {
    const { state } = this.view.model;
    const name = (side === 'base' ? state?.baseName : state?.tunedName) ?? '';
    const path = (side === 'base' ? state?.base : state?.tuned) ?? '';
    return html`<button
      class="side"
      data-action=${`choose-${side}`}
      title=${[path, side === 'base' ? t('Choose another base') : t('Choose another tuned checkpoint')]}
      @click=${() => this.view.post({ type: 'choose', side })}
    >
      ${side === 'base' ? html`<span class="quiet">${t('base')}</span>` : nothing}<b>${name}</b>${
        side === 'tuned' ? this.kind() : nothing
      }${icon(ICON.down)}
    </button>`;
  }
  private swap(): TemplateResult {
    const { state } = this.view.model;
    // an adapter is the base of nothing
    if (state?.plan?.tunedAdapter)
      return html`<span class="arrow" role="img" aria-label=${t('compared with')}>→</span>`;
    return html`<button
      class="swap"
      data-action="swap"
      title=${t('Swap base and tuned')}
      aria-label=${t('Swap base and tuned')}
      @click=${() => this.view.post({ type: 'swap' })}
    >
      ${icon(ICON.swap)}
    </button>`;
  }

  /** A further tuned checkpoint of the base: both beside each other on a page of their own. */
  private addRun(): TemplateResult {
    return html`<button
      class="side"
      data-action="add-run"
      title=${t('Compare a further tuned checkpoint of the same base, beside this one')}
      @click=${() => this.view.post({ type: 'addRun' })}
    >
      ${t('+ Run')}
    </button>`;
  }

  /** "LoRA, rank 8" beside an adapter's name. */
  private kind(): TemplateResult | typeof nothing {
    const adapter = this.view.model.state?.plan?.tunedAdapter;
    if (adapter?.unmerged !== false) return nothing;
    const kind = cutText(adapter.kind, MAX_KIND);
    return html`<span class="quiet small" data-kind
      >${adapter.rank === null ? kind : t('{0}, rank {1}', kind, adapter.rank)}</span
    >`;
  }

  private facts(): unknown {
    const { state, matrices, layerCount: layers, tensors, coverage, dtypes, finished } = this.view.model;
    const plan = state?.plan;
    if (!plan?.pairs.length) return nothing;
    const facts = [
      layers ? plural(layers, '{0} layer', '{0} layers') : '',
      t(
        '{0} weights, {1}',
        count(plan.cost.weights),
        dtypes.slice(0, 3).reduce((list, dtype) => t('{0} and {1}', list, dtype)),
      ),
    ];
    const whole = coverage ? tell(coverageSaid(coverage, percent)) : '';
    return html`${facts.map((fact) => (fact ? html`<span title=${whole}>${fact}</span>` : nothing))}<span data-counted
        >${
          matrices.length
            ? t('{0} of {1} matrices', finished, matrices.length)
            : plural(plan.pairs.length, '{0} tensor', '{0} tensors')
        }</span
      >${
        state?.backend
          ? html`<span data-backend=${state.backend.kind} title=${backendTitle(state.backend, tensors.values())}
              >${backendText(state.backend)}${elsewhereText(state.backend, tensors.values())}</span
            >`
          : nothing
      }`;
  }

  private exports(): TemplateResult {
    const { model, post } = this.view;
    const entry = (
      action: string,
      name: string,
      what: string,
      message: Parameters<typeof post>[0],
      title = '',
    ): TemplateResult =>
      html`<button
        data-action=${action}
        title=${title}
        @click=${(event: Event) => {
          closePopover(event);
          post(message);
        }}
      >
        <span class="grow">${name}</span><span class="quiet small">${what}</span>
      </button>`;
    return html`<button data-action="export-menu" popovertarget="export-menu" aria-label=${t('Export')}>
        ${icon(ICON.export)}<span class="lbl">${t('Export')}</span>${icon(ICON.down)}
      </button>
      <div id="export-menu" class="pop menu-list" popover @beforetoggle=${placeAtButton}>
        ${
          model.tensors.size > 0
            ? html`${entry('export', t('Figures of Every Tensor…'), t('CSV or JSON'), { type: 'export' })}
                ${entry('export-report', t('Report: Answer, Maps, Tables…'), t('HTML or Markdown'), { type: 'exportReport' })}
                ${entry('export-figure', t('Figure: Answer, Map, Profile…'), t('SVG'), { type: 'exportFigure' })}
                <hr />`
            : nothing
        }
        ${entry(
          'copy-command-line',
          t('Copy as Command Line'),
          t('for a terminal'),
          { type: 'copyCommandLine' },
          model.state?.commandLine,
        )}
      </div>`;
  }
}
define('ox-title', Title);
